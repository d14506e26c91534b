#include "kilonat/kernels/snake_fused.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "kilonat/kernels/layout.h"
#include "kilonat/kernels/snake_kernels.h"

namespace kilonat::kernels {

namespace {

constexpr double kEpsilon = 1e-9;
constexpr std::int64_t kShortestPeriod = 256;  // keeps the loop over a period worth its start
constexpr std::int64_t kPieceSize = 16384;     // 64 KiB: fits a level-2 cache with its results

std::int64_t round_up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// How a dense tensor is cut into pieces that are worked on alone, the same for any thread count.
///
/// Channels-last: one row holds everything and the period spans all channels. Channels-first: a row
/// per batch and channel, the period holding one channel's value.
struct Plan {
  Layout layout;
  std::int64_t channels;
  std::int64_t row_size;
  std::int64_t period;
  std::int64_t piece_size;
  std::int64_t pieces_per_row;
  std::int64_t num_pieces;

  Plan(const at::Tensor& x_BCT, Layout x_layout) : layout(x_layout), channels(x_BCT.size(1)) {
    const bool last = layout == Layout::kChannelsLast;
    row_size = last ? x_BCT.numel() : x_BCT.size(2);
    const std::int64_t unit = last ? std::lcm(channels, kPeriodMultiple) : kPeriodMultiple;
    period = round_up(last ? kShortestPeriod : std::min(kShortestPeriod, row_size), unit);
    piece_size =
        last ? round_up(std::max(kPieceSize, 32 * period), period) : round_up(kPieceSize, period);
    pieces_per_row = (row_size + piece_size - 1) / piece_size;
    num_pieces = x_BCT.numel() / row_size * pieces_per_row;
  }

  /// Channels whose values one piece's period holds.
  [[nodiscard]] std::int64_t channels_per_piece() const {
    return layout == Layout::kChannelsLast ? channels : 1;
  }
  [[nodiscard]] std::int64_t first_channel(std::int64_t piece) const {
    return layout == Layout::kChannelsLast ? 0 : piece / pieces_per_row % channels;
  }
  [[nodiscard]] std::int64_t start(std::int64_t piece) const {
    return piece / pieces_per_row * row_size + piece % pieces_per_row * piece_size;
  }
  [[nodiscard]] std::int64_t size(std::int64_t piece) const {
    return std::min(piece_size, row_size - piece % pieces_per_row * piece_size);
  }
};

/// The values of a period, refilled when the channel changes.
class PeriodTable {
 public:
  PeriodTable(const Plan& plan, const at::Tensor& a_C, const at::Tensor& b_C)
      : plan_(plan),
        a_C_(a_C.data_ptr<float>()),
        b_C_(b_C.data_ptr<float>()),
        a_(static_cast<std::size_t>(plan.period)),
        inverse_b_(a_.size()) {}

  SnakeTable of_piece(std::int64_t piece) {
    const std::int64_t first = plan_.first_channel(piece);
    if (first != filled_for_) fill(first);
    return {a_.data(), inverse_b_.data(), plan_.period};
  }

 private:
  void fill(std::int64_t first_channel) {
    const std::int64_t width = plan_.channels_per_piece();
    for (std::int64_t i = 0; i < plan_.period; ++i) {
      const std::int64_t channel = first_channel + i % width;
      const auto position = static_cast<std::size_t>(i);
      a_[position] = a_C_[channel];
      inverse_b_[position] = 1.0F / (b_C_[channel] + static_cast<float>(kEpsilon));
    }
    filled_for_ = first_channel;
  }

  const Plan& plan_;
  const float* a_C_;
  const float* b_C_;
  std::vector<float> a_;
  std::vector<float> inverse_b_;
  std::int64_t filled_for_ = -1;
};

/// Both sums of every piece and channel, in double, added up in the order of the pieces.
class Partials {
 public:
  explicit Partials(const Plan& plan)
      : plan_(plan),
        values_(static_cast<std::size_t>(plan.num_pieces * plan.channels_per_piece() * 2)) {}

  void set(std::int64_t piece,
           const std::vector<float>& x_sine_2u,
           const std::vector<float>& sine2) {
    const std::int64_t width = plan_.channels_per_piece();
    double* to = values_.data() + piece * width * 2;
    for (std::int64_t start = 0; start < plan_.period; start += width) {
      const std::int64_t count = std::min(width, plan_.period - start);
      for (std::int64_t i = 0; i < count; ++i) {
        to[2 * i] += x_sine_2u[static_cast<std::size_t>(start + i)];
        to[2 * i + 1] += sine2[static_cast<std::size_t>(start + i)];
      }
    }
  }

  /// [channels, 2]
  [[nodiscard]] std::vector<double> totals() const {
    std::vector<double> totals(static_cast<std::size_t>(plan_.channels * 2));
    const std::int64_t width = plan_.channels_per_piece() * 2;
    for (std::int64_t piece = 0; piece < plan_.num_pieces; ++piece) {
      const double* from = values_.data() + piece * width;
      double* to = totals.data() + plan_.first_channel(piece) * 2;
      for (std::int64_t i = 0; i < width; ++i) to[i] += from[i];
    }
    return totals;
  }

 private:
  const Plan& plan_;
  std::vector<double> values_;
};

/// Null if undefined.
template <typename Element>
Element* data_of(const at::Tensor& tensor) {
  return tensor.defined() ? static_cast<Element*>(tensor.data_ptr()) : nullptr;
}

template <typename Value>
Value* advance(Value* pointer, std::int64_t by) {
  return pointer == nullptr ? nullptr : pointer + by;
}

at::Tensor dense_or_undefined(const at::Tensor& tensor, Layout layout) {
  return tensor.defined() ? dense(tensor, layout) : tensor;
}

/// Calls `run` with a value of the element type of x's kernels.
template <typename Run>
void with_element_of(const at::Tensor& x, const Run& run) {
  if (x.scalar_type() == at::kBFloat16) {
    run(Bf16{});
  } else {
    run(float{});
  }
}

template <typename Element>
void run_forward(const Plan& plan,
                 const at::Tensor& x,
                 const at::Tensor& h,
                 const SnakeForward& result,
                 const at::Tensor& a,
                 const at::Tensor& b) {
  const SnakeLoops<Element>& loops = snake_kernels(cpu_level()).loops<Element>();
  const auto* x_data = data_of<const Element>(x);
  const auto* h_data = data_of<const Element>(h);
  auto* sum_data = data_of<Element>(result.sum_BCT);
  auto* y_data = data_of<Element>(result.y_BCT);
  at::parallel_for(0, plan.num_pieces, 1, [&](std::int64_t begin, std::int64_t end) {
    PeriodTable table(plan, a, b);
    for (std::int64_t piece = begin; piece < end; ++piece) {
      const std::int64_t start = plan.start(piece);
      loops.forward(x_data + start,
                    advance(h_data, start),
                    sum_data + start,
                    y_data + start,
                    plan.size(piece),
                    table.of_piece(piece));
    }
  });
}

/// What the backward pass reads: x or the sum, and the gradients of the outputs.
struct BackwardInputs {
  at::Tensor x;
  at::Tensor grad_y;
  at::Tensor grad_sum;  // may be undefined
};

template <typename Element>
void run_backward(const Plan& plan,
                  const BackwardInputs& in,
                  const at::Tensor& grad_x,
                  const at::Tensor& a,
                  const at::Tensor& b,
                  Partials& partials) {
  const SnakeLoops<Element>& loops = snake_kernels(cpu_level()).loops<Element>();
  const auto* x_data = data_of<const Element>(in.x);
  const auto* grad_y_data = data_of<const Element>(in.grad_y);
  const auto* grad_sum_data = data_of<const Element>(in.grad_sum);
  auto* grad_x_data = data_of<Element>(grad_x);
  at::parallel_for(0, plan.num_pieces, 1, [&](std::int64_t begin, std::int64_t end) {
    PeriodTable table(plan, a, b);
    std::vector<float> x_sine_2u(static_cast<std::size_t>(plan.period));
    std::vector<float> sine_squared(x_sine_2u.size());
    for (std::int64_t piece = begin; piece < end; ++piece) {
      std::fill(x_sine_2u.begin(), x_sine_2u.end(), 0.0F);
      std::fill(sine_squared.begin(), sine_squared.end(), 0.0F);
      const std::int64_t start = plan.start(piece);
      loops.backward(x_data + start,
                     grad_y_data + start,
                     advance(grad_sum_data, start),
                     grad_x_data + start,
                     plan.size(piece),
                     table.of_piece(piece),
                     {x_sine_2u.data(), sine_squared.data()});
      partials.set(piece, x_sine_2u, sine_squared);
    }
  });
}

/// Gradients of a and b, float32, from the sums of every channel.
void set_parameter_gradients(const std::vector<double>& totals,
                             const at::Tensor& b,
                             SnakeBackward& result) {
  result.grad_a_C = at::empty(b.sizes(), b.options());
  result.grad_b_C = at::empty(b.sizes(), b.options());
  const auto* b_data = data_of<const float>(b);
  for (std::int64_t c = 0; c < b.numel(); ++c) {
    const auto i = static_cast<std::size_t>(2 * c);
    const double inverse_b = 1.0 / (static_cast<double>(b_data[c]) + kEpsilon);
    data_of<float>(result.grad_a_C)[c] = static_cast<float>(totals[i] * inverse_b);
    data_of<float>(result.grad_b_C)[c] = static_cast<float>(-totals[i + 1] * inverse_b * inverse_b);
  }
}

}  // namespace

bool can_fuse(const at::Tensor& x_BCT, const at::Tensor& a_C, const at::Tensor& b_C) {
  const auto fits = [](const at::Tensor& t) {
    return t.device().is_cpu() && t.layout() == at::kStrided;
  };
  const at::ScalarType type = x_BCT.scalar_type();
  return (type == at::kFloat || type == at::kBFloat16) && a_C.scalar_type() == at::kFloat &&
         b_C.scalar_type() == at::kFloat && fits(x_BCT) && fits(a_C) && fits(b_C) &&
         x_BCT.numel() > 0;
}

SnakeForward snake_forward(const at::Tensor& x_BCT,
                           const at::Tensor& h_BCT,
                           const at::Tensor& a_C,
                           const at::Tensor& b_C) {
  const Layout layout = layout_of(x_BCT);
  const at::Tensor x = dense(x_BCT, layout);
  const at::Tensor h = dense_or_undefined(h_BCT, layout);
  const SnakeForward result{.sum_BCT = h.defined() ? empty_in(layout, x.sizes(), x) : x,
                            .y_BCT = empty_in(layout, x.sizes(), x)};
  const at::Tensor a = a_C.contiguous();
  const at::Tensor b = b_C.contiguous();
  const Plan plan(x, layout);
  with_element_of(x,
                  [&](auto element) { run_forward<decltype(element)>(plan, x, h, result, a, b); });
  return result;
}

SnakeBackward snake_backward(const at::Tensor& x_BCT,
                             const at::Tensor& grad_y_BCT,
                             const at::Tensor& grad_sum_BCT,
                             const at::Tensor& a_C,
                             const at::Tensor& b_C) {
  const Layout layout = layout_of(x_BCT);
  const BackwardInputs in{.x = dense(x_BCT, layout),
                          .grad_y = dense(grad_y_BCT, layout),
                          .grad_sum = dense_or_undefined(grad_sum_BCT, layout)};
  SnakeBackward result{.grad_x_BCT = empty_in(layout, in.x.sizes(), in.x)};
  const at::Tensor a = a_C.contiguous();
  const at::Tensor b = b_C.contiguous();
  const Plan plan(in.x, layout);
  Partials partials(plan);
  with_element_of(in.x, [&](auto element) {
    run_backward<decltype(element)>(plan, in, result.grad_x_BCT, a, b, partials);
  });
  set_parameter_gradients(partials.totals(), b, result);
  return result;
}

}  // namespace kilonat::kernels
