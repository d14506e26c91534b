/// The Snake loops for one instruction set; included by snake_LEVEL.cpp, each compiled with its
/// own flags. Everything is in an anonymous namespace and no template of the standard library is
/// used: a function shared between these files could be linked from the one whose instructions the
/// machine lacks.

#include <cmath>
#include <cstdint>

#include "kilonat/kernels/snake_kernels.h"

namespace kilonat::kernels {
namespace {

template <typename Element>
void copy(const Element* from, std::int64_t size, Element* to) {
  for (std::int64_t i = 0; i < size; ++i) to[i] = from[i];
}

/// Up to one common sign.
template <typename Simd>
struct Angle {
  typename Simd::Vector sine;
  typename Simd::Vector cosine;
};

// Beyond this |u| the rounding of u / pi spoils the reduction; the C library takes over.
constexpr float kLargestReducedAngle = 1e5F;

/// Note [Sine]: sin(u)^2 and sin(2u) have period pi, so u is reduced to [-pi/2, pi/2] without care
/// for the sign: r = u - n pi with pi in two floats (Cody and Waite 1980), each step rounded once.
/// Minimax polynomials on [-1.6, 1.6]: 4.1e-9 for the sine, 2.7e-10 for the cosine; what is left
/// is float32 rounding.
template <typename Simd>
[[gnu::always_inline]] inline typename Simd::Vector reduced(typename Simd::Vector u) {
  const auto n = Simd::round(u * Simd::set(0x1.45f306p-2F));
  const auto r = Simd::fused_subtract_product(n, Simd::set(0x1.921fb6p+1F), u);
  return Simd::fused_subtract_product(n, Simd::set(-0x1.777a5cp-24F), r);
}

template <typename Simd>
[[gnu::always_inline]] inline typename Simd::Vector sine_of(typename Simd::Vector r, typename Simd::Vector r2) {
  auto p = Simd::fma(Simd::set(0x1.5ae1a8p-19F), r2, Simd::set(-0x1.9f3106p-13F));
  p = Simd::fma(p, r2, Simd::set(0x1.110d04p-7F));
  p = Simd::fma(p, r2, Simd::set(-0x1.555538p-3F));
  return Simd::fma(p * r2, r, r);
}

template <typename Simd>
[[gnu::always_inline]] inline typename Simd::Vector cosine_of(typename Simd::Vector r2) {
  auto p = Simd::fma(Simd::set(-2.5996496333391406e-07F), r2, Simd::set(2.4757051505730487e-05F));
  p = Simd::fma(p, r2, Simd::set(-0.0013888300163671374F));
  p = Simd::fma(p, r2, Simd::set(0.041666630655527115F));
  p = Simd::fma(p, r2, Simd::set(-0.5F));
  return Simd::fma(p, r2, Simd::set(1.0F));
}

/// For |u| up to kLargestReducedAngle.
struct ReducedSine {
  template <typename Simd>
  [[gnu::always_inline]] static Angle<Simd> angle(typename Simd::Vector u) {
    const auto r = reduced<Simd>(u);
    const auto r2 = r * r;
    return {sine_of<Simd>(r, r2), cosine_of<Simd>(r2)};
  }
};

/// For any u: every element by the C library.
struct LibrarySine {
  template <typename Simd>
  static Angle<Simd> angle(typename Simd::Vector u) {
    float values[Simd::kWidth];
    float sines[Simd::kWidth];
    float cosines[Simd::kWidth];
    Simd::store(values, u);
    for (std::int64_t i = 0; i < Simd::kWidth; ++i) {
      sines[i] = static_cast<float>(std::sin(static_cast<double>(values[i])));
      cosines[i] = static_cast<float>(std::cos(static_cast<double>(values[i])));
    }
    return {Simd::load(sines), Simd::load(cosines)};
  }
};

/// Whether |a (x + h)| is beyond kLargestReducedAngle anywhere in a block. Asked before the block
/// is worked on, so that the loop over it has no branch and no call, and keeps its constants in
/// registers.
template <typename Simd, bool kAdd, typename Element>
bool is_beyond_reduction(const Element* x,
                         const Element* h,
                         std::int64_t size,
                         const SnakeTable& table) {
  auto largest = Simd::set(0.0F);
  for (std::int64_t i = 0; i < size; i += Simd::kWidth) {
    auto v = Simd::load(x + i);
    if constexpr (kAdd) v = v + Simd::load(h + i);
    largest = Simd::larger_magnitude(Simd::load(table.a + i) * v, largest);
  }
  return Simd::any_beyond(largest, kLargestReducedAngle);
}

template <typename Simd, typename Sine, bool kAdd, typename Element>
void forward_loop(const Element* x,
                  const Element* h,
                  Element* sum,
                  Element* y,
                  std::int64_t size,
                  const SnakeTable& table) {
  for (std::int64_t i = 0; i < size; i += Simd::kWidth) {
    auto v = Simd::load(x + i);
    if constexpr (kAdd) {
      v = v + Simd::load(h + i);
      Simd::store(sum + i, v);
    }
    const auto sine = Sine::template angle<Simd>(Simd::load(table.a + i) * v).sine;
    Simd::store(y + i, Simd::fma(Simd::load(table.inverse_b + i), sine * sine, v));
  }
}

template <typename Simd, bool kAdd, typename Element>
void forward_block(const Element* x,
                   const Element* h,
                   Element* sum,
                   Element* y,
                   std::int64_t size,
                   const SnakeTable& table) {
  const auto loop = is_beyond_reduction<Simd, kAdd>(x, h, size, table)
                        ? forward_loop<Simd, LibrarySine, kAdd, Element>
                        : forward_loop<Simd, ReducedSine, kAdd, Element>;
  loop(x, h, sum, y, size, table);
}

template <typename Simd, typename Sine, bool kAdd, typename Element>
void backward_loop(const Element* x,
                   const Element* grad_y,
                   const Element* grad_sum,
                   Element* grad_x,
                   std::int64_t size,
                   const SnakeTable& table,
                   const SnakeSums& sums) {
  for (std::int64_t i = 0; i < size; i += Simd::kWidth) {
    const auto v = Simd::load(x + i);
    const auto g = Simd::load(grad_y + i);
    const auto a = Simd::load(table.a + i);
    const Angle<Simd> u = Sine::template angle<Simd>(a * v);
    const auto sine_2u = (u.sine + u.sine) * u.cosine;
    const auto slope = Simd::fma(a * Simd::load(table.inverse_b + i), sine_2u, Simd::set(1.0F));
    auto grad = g * slope;
    if constexpr (kAdd) grad = grad + Simd::load(grad_sum + i);
    Simd::store(grad_x + i, grad);
    Simd::store(sums.x_sine_2u + i, Simd::fma(g * v, sine_2u, Simd::load(sums.x_sine_2u + i)));
    Simd::store(sums.sine_squared + i,
                Simd::fma(g * u.sine, u.sine, Simd::load(sums.sine_squared + i)));
  }
}

template <typename Simd, bool kAdd, typename Element>
void backward_block(const Element* x,
                    const Element* grad_y,
                    const Element* grad_sum,
                    Element* grad_x,
                    std::int64_t size,
                    const SnakeTable& table,
                    const SnakeSums& sums) {
  const Element* nothing = nullptr;
  const auto loop = is_beyond_reduction<Simd, false>(x, nothing, size, table)
                        ? backward_loop<Simd, LibrarySine, kAdd, Element>
                        : backward_loop<Simd, ReducedSine, kAdd, Element>;
  loop(x, grad_y, grad_sum, grad_x, size, table, sums);
}

/// A stretch shorter than a vector, padded with zeros, whose results and gradients are zero.
template <typename Simd, typename Element>
struct Padded {
  Padded(const Element* from, std::int64_t size) {
    if (from != nullptr) copy(from, size, values);
  }
  Element values[Simd::kWidth] = {};
};

template <typename Simd, bool kAdd, typename Element>
void forward_run(const Element* x,
                 const Element* h,
                 Element* sum,
                 Element* y,
                 std::int64_t size,
                 const SnakeTable& table) {
  for (std::int64_t start = 0; start < size; start += table.period) {
    const std::int64_t length = size - start < table.period ? size - start : table.period;
    const std::int64_t whole = length / Simd::kWidth * Simd::kWidth;
    const auto at = [start](auto* p, std::int64_t i) { return p == nullptr ? p : p + start + i; };
    forward_block<Simd, kAdd>(at(x, 0), at(h, 0), at(sum, 0), at(y, 0), whole, table);
    if (whole == length) continue;
    const std::int64_t rest = length - whole;
    Padded<Simd, Element> last_x(at(x, whole), rest);
    Padded<Simd, Element> last_h(at(h, whole), rest);
    Padded<Simd, Element> last_y(nullptr, 0);
    const SnakeTable last{table.a + whole, table.inverse_b + whole, Simd::kWidth};
    forward_block<Simd, kAdd>(
        last_x.values, last_h.values, last_x.values, last_y.values, Simd::kWidth, last);
    if (kAdd) copy(last_x.values, rest, at(sum, whole));
    copy(last_y.values, rest, at(y, whole));
  }
}

template <typename Simd, bool kAdd, typename Element>
void backward_run(const Element* x,
                  const Element* grad_y,
                  const Element* grad_sum,
                  Element* grad_x,
                  std::int64_t size,
                  const SnakeTable& table,
                  const SnakeSums& sums) {
  for (std::int64_t start = 0; start < size; start += table.period) {
    const std::int64_t length = size - start < table.period ? size - start : table.period;
    const std::int64_t whole = length / Simd::kWidth * Simd::kWidth;
    const auto at = [start](auto* p, std::int64_t i) { return p == nullptr ? p : p + start + i; };
    backward_block<Simd, kAdd>(
        at(x, 0), at(grad_y, 0), at(grad_sum, 0), at(grad_x, 0), whole, table, sums);
    if (whole == length) continue;
    const std::int64_t rest = length - whole;
    Padded<Simd, Element> last_x(at(x, whole), rest);
    Padded<Simd, Element> last_grad_y(at(grad_y, whole), rest);
    Padded<Simd, Element> last_grad_sum(at(grad_sum, whole), rest);
    const SnakeTable last{table.a + whole, table.inverse_b + whole, Simd::kWidth};
    backward_block<Simd, kAdd>(last_x.values,
                               last_grad_y.values,
                               last_grad_sum.values,
                               last_x.values,
                               Simd::kWidth,
                               last,
                               {sums.x_sine_2u + whole, sums.sine_squared + whole});
    copy(last_x.values, rest, at(grad_x, whole));
  }
}

template <typename Simd, typename Element>
void forward(const Element* x,
             const Element* h,
             Element* sum,
             Element* y,
             std::int64_t size,
             const SnakeTable& table) {
  const auto run =
      h == nullptr ? forward_run<Simd, false, Element> : forward_run<Simd, true, Element>;
  run(x, h, sum, y, size, table);
}

template <typename Simd, typename Element>
void backward(const Element* x,
              const Element* grad_y,
              const Element* grad_sum,
              Element* grad_x,
              std::int64_t size,
              const SnakeTable& table,
              const SnakeSums& sums) {
  const auto run =
      grad_sum == nullptr ? backward_run<Simd, false, Element> : backward_run<Simd, true, Element>;
  run(x, grad_y, grad_sum, grad_x, size, table, sums);
}

template <typename Simd>
constexpr SnakeKernels table_of() {
  return {.fp32 = {.forward = forward<Simd, float>, .backward = backward<Simd, float>},
          .bf16 = {.forward = forward<Simd, Bf16>, .backward = backward<Simd, Bf16>}};
}

}  // namespace
}  // namespace kilonat::kernels
