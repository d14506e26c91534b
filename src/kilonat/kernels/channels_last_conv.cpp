#include "kilonat/kernels/channels_last_conv.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include <torch/autograd.h>
#include <torch/types.h>

#include "kilonat/kernels/cpu.h"

namespace kilonat::kernels {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// The type that products are made in: bfloat16 only where the library has kernels for it.
at::ScalarType product_type(at::ScalarType activations) {
  const bool is_emulated = activations == at::kBFloat16 && cpu_level() < CpuLevel::kAvx512;
  return is_emulated ? at::kFloat : activations;
}

/// With one thread ATen keeps layers of a single tap from oneDNN unless they are strided or
/// dilated, and a single tap does not notice dilation.
std::array<std::int64_t, 2> dilation_for_library(const at::Tensor& weight,
                                                 const ConvGeometry& geometry) {
  const bool is_single_tap = weight.size(2) == 1 && weight.size(3) == 1;
  return is_single_tap ? std::array<std::int64_t, 2>{1, 2} : geometry.dilation;
}

/// Note [One channel]: its strides fit both layouts, and the library takes such a tensor for
/// channels-first and answers so; every layer that follows would have to turn its input round.
/// These strides are channels-last only.
at::Tensor channels_last(const at::Tensor& x) {
  const at::Tensor dense = x.contiguous(at::MemoryFormat::ChannelsLast);
  if (x.size(1) > 1) return dense;
  const std::int64_t row = x.size(3);
  return dense.as_strided(x.sizes(), {x.size(2) * row, 1, row, 1});
}

/// REQUIRES: all of one type.
at::Tensor convolve(const at::Tensor& x,
                    const at::Tensor& weight,
                    const at::Tensor& bias,
                    const ConvGeometry& geometry) {
  return at::conv2d(
      x, weight, bias, geometry.stride, geometry.padding, dilation_for_library(weight, geometry));
}

/// What the backward pass of a convolution starts from; all tensors of the product type.
struct BackwardPass {
  at::Tensor grad_y;
  at::Tensor x;
  at::Tensor weight;
  ConvGeometry geometry;
  bool has_bias = false;
};

/// dilation (kernel - 1): how much longer than the output the input of an unpadded layer is.
std::int64_t reach(const BackwardPass& pass, std::size_t axis) {
  return pass.geometry.dilation[axis] * (pass.weight.size(static_cast<std::int64_t>(axis) + 2) - 1);
}

/// Note [Gradient of the input]: for stride 1 it is itself a convolution, of the output's gradient
/// with the weight turned round. oneDNN's forward kernels are faster than its backward ones: by a
/// little in float32, up to 4 times in bfloat16 with dilation (2.6.3 on AVX512-BF16).
bool is_convolution_backward(const BackwardPass& pass) {
  return pass.geometry.stride == std::array<std::int64_t, 2>{1, 1} &&
         reach(pass, 0) >= pass.geometry.padding[0] && reach(pass, 1) >= pass.geometry.padding[1];
}

at::Tensor input_gradient(const BackwardPass& pass) {
  const ConvGeometry geometry{.stride = {1, 1},
                              .padding = {reach(pass, 0) - pass.geometry.padding[0],
                                          reach(pass, 1) - pass.geometry.padding[1]},
                              .dilation = pass.geometry.dilation};
  const at::Tensor turned = pass.weight.flip({2, 3}).transpose(0, 1);
  return convolve(
      pass.grad_y, turned.contiguous(at::MemoryFormat::ChannelsLast), at::Tensor(), geometry);
}

/// Note [Gradient of a wide layer's weight]: on short signals oneDNN spends more time on putting
/// the weight into blocks, item by item, than on products: 44 GFLOP/s where one product of matrices
/// over all items makes 187 (1024 x 1024 x 5, 12 columns, bfloat16; 2.6.3 on AVX512-BF16).
bool is_product_of_matrices(const BackwardPass& pass) {
  constexpr std::int64_t kWide = 128 * 1024;
  constexpr std::int64_t kShort = 256;
  return pass.weight.size(2) == 1 && pass.x.size(2) == 1 && pass.geometry.padding[0] == 0 &&
         pass.weight.size(0) * pass.weight.size(1) >= kWide && pass.grad_y.size(3) <= kShort;
}

at::Tensor weight_gradient(const BackwardPass& pass) {
  const std::int64_t taps = pass.weight.size(3);
  const std::int64_t in = pass.x.size(1);
  const std::int64_t out = pass.grad_y.size(1);
  const std::int64_t columns = pass.grad_y.size(3);
  const std::int64_t padding = pass.geometry.padding[1];
  const at::Tensor x_NTC = at::constant_pad_nd(
      pass.x.squeeze(2).transpose(1, 2).contiguous(), {0, 0, padding, padding}, 0);
  const at::Tensor seen_NTKC = x_NTC.as_strided(
      {x_NTC.size(0), columns, taps, in},
      {x_NTC.size(1) * in, pass.geometry.stride[1] * in, pass.geometry.dilation[1] * in, 1});
  const at::Tensor grad_y_MC = pass.grad_y.squeeze(2).transpose(1, 2).reshape({-1, out});
  const at::Tensor product = at::mm(grad_y_MC.t(), seen_NTKC.reshape({-1, taps * in}));
  return product.view({out, 1, taps, in}).permute({0, 3, 1, 2});
}

/// Gradients by ATen: of the input, the weight and the bias, those that `wanted` says.
std::tuple<at::Tensor, at::Tensor, at::Tensor> library_gradients(
    const BackwardPass& pass, const std::array<bool, 3>& wanted) {
  const std::int64_t out_channels[] = {pass.weight.size(0)};
  return at::convolution_backward(
      pass.grad_y,
      pass.x,
      pass.weight,
      pass.has_bias ? at::OptionalIntArrayRef(at::IntArrayRef(out_channels)) : c10::nullopt,
      pass.geometry.stride,
      pass.geometry.padding,
      dilation_for_library(pass.weight, pass.geometry),
      /*transposed=*/false,
      at::IntArrayRef{0, 0},
      /*groups=*/1,
      wanted);
}

std::vector<std::int64_t> as_list(const ConvGeometry& geometry) {
  const auto& [stride, padding, dilation] = geometry;
  return {stride[0], stride[1], padding[0], padding[1], dilation[0], dilation[1]};
}

ConvGeometry from_list(const std::vector<std::int64_t>& list) {
  return {
      .stride = {list[0], list[1]}, .padding = {list[2], list[3]}, .dilation = {list[4], list[5]}};
}

/// Note [A rule of our own]: autograd's rule for conv2d would keep a rounded, reordered copy of
/// every weight, and use the slower kernels for the gradient of the input. The weight is made ready
/// once, in the forward pass; second derivatives go through its making.
class ChannelsLastConv : public torch::autograd::Function<ChannelsLastConv> {
 public:
  /// `bias` without elements: none.
  static at::Tensor forward(AutogradContext* context,
                            const at::Tensor& x,
                            const at::Tensor& weight,
                            const at::Tensor& bias,
                            const std::vector<std::int64_t>& geometry) {
    context->save_for_backward({x, weight});
    context->saved_data["geometry"] = geometry;
    context->saved_data["has_bias"] = bias.numel() > 0;
    const at::ScalarType type = product_type(x.scalar_type());
    const at::Tensor ready = ready_weight(weight, x.scalar_type());
    context->saved_data["ready"] = ready;
    const at::Tensor y = convolve(channels_last(x.to(type)),
                                  ready,
                                  bias.numel() > 0 ? bias.to(type) : at::Tensor(),
                                  from_list(geometry));
    return y.to(x.scalar_type());
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor& weight = saved[1];
    const at::ScalarType type = product_type(x.scalar_type());
    const BackwardPass pass{.grad_y = channels_last(grads[0].to(type)),
                            .x = channels_last(x.to(type)),
                            .weight = at::GradMode::is_enabled()
                                          ? ready_weight(weight, x.scalar_type())
                                          : context->saved_data["ready"].toTensor(),
                            .geometry = from_list(context->saved_data["geometry"].toIntVector()),
                            .has_bias = context->saved_data["has_bias"].toBool()};
    const bool input_apart = context->needs_input_grad(0) && is_convolution_backward(pass);
    const bool weight_apart = context->needs_input_grad(1) && is_product_of_matrices(pass);
    const bool bias_wanted = pass.has_bias && context->needs_input_grad(2);
    const std::array<bool, 3> by_library{context->needs_input_grad(0) && !input_apart,
                                         context->needs_input_grad(1) && !weight_apart,
                                         bias_wanted && !weight_apart};
    variable_list result(4);
    if (by_library[0] || by_library[1] || by_library[2]) {
      std::tie(result[0], result[1], result[2]) = library_gradients(pass, by_library);
    }
    if (input_apart) result[0] = input_gradient(pass);
    if (weight_apart) result[1] = weight_gradient(pass);
    if (weight_apart && bias_wanted) result[2] = pass.grad_y.sum({0, 2, 3}, false, at::kFloat);
    if (result[0].defined()) result[0] = result[0].to(x.scalar_type());
    if (result[1].defined()) result[1] = result[1].to(weight.scalar_type());
    if (result[2].defined()) result[2] = result[2].to(weight.scalar_type());
    return result;
  }
};

constexpr std::int64_t kLongestSegment = 8192;  // outputs of a convolution in one piece
constexpr std::int64_t kLongestWhole = 2 * kLongestSegment;
constexpr std::int64_t kSegmentUnit = 16;  // a vector of floats

std::int64_t output_columns(const at::Tensor& x,
                            const at::Tensor& weight,
                            const ConvGeometry& geometry) {
  const std::int64_t seen = geometry.dilation[1] * (weight.size(3) - 1) + 1;
  return (x.size(3) + 2 * geometry.padding[1] - seen) / geometry.stride[1] + 1;
}

/// Note [Long signals in segments]: what oneDNN keeps of a convolution it has made grows with the
/// signal, by 512 bytes a column and layer (2.6.3, brgemm kernels), and stays in its cache. So one
/// long signal is cut into segments that overlap as far as the kernel reaches, which become items
/// of a batch: the outputs lie one behind the other as if it had been whole. They are of one
/// length, as little above the signal's share as vectors allow: what the last one has beyond the
/// end is computed for nothing.
bool is_better_in_segments(const at::Tensor& x,
                           const at::Tensor& weight,
                           const ConvGeometry& geometry) {
  return !at::GradMode::is_enabled() && x.size(0) == 1 && x.size(2) == 1 && weight.size(2) == 1 &&
         geometry.padding[0] == 0 && output_columns(x, weight, geometry) > kLongestWhole;
}

at::Tensor convolve_in_segments(const at::Tensor& x,
                                const at::Tensor& weight,
                                const at::Tensor& bias,
                                const ConvGeometry& geometry) {
  const std::int64_t in = x.size(1);
  const std::int64_t columns = output_columns(x, weight, geometry);
  const std::int64_t segments = (columns + kLongestSegment - 1) / kLongestSegment;
  const std::int64_t units = segments * kSegmentUnit;
  const std::int64_t length = (columns + units - 1) / units * kSegmentUnit;
  const std::int64_t step = length * geometry.stride[1];
  const std::int64_t seen =
      step - geometry.stride[1] + geometry.dilation[1] * (weight.size(3) - 1) + 1;
  const std::int64_t padding = geometry.padding[1];
  const std::int64_t missing = (segments - 1) * step + seen - x.size(3) - padding;
  const at::Tensor padded_TC =
      at::constant_pad_nd(x.select(0, 0).squeeze(1).t().contiguous(),
                          {0, 0, padding, std::max<std::int64_t>(missing, 0)},
                          0);
  const at::Tensor pieces_NTC =
      padded_TC.as_strided({segments, seen, in}, {step * in, in, 1}).contiguous();
  const at::Tensor y = channels_last_conv(
      pieces_NTC.transpose(1, 2).unsqueeze(2),
      weight,
      bias,
      {.stride = geometry.stride, .padding = {0, 0}, .dilation = geometry.dilation});
  const at::Tensor y_1TC = y.squeeze(2).transpose(1, 2).reshape({1, segments * length, -1});
  return y_1TC.narrow(1, 0, columns).transpose(1, 2).unsqueeze(2);
}

}  // namespace

bool can_convolve_channels_last(const at::Tensor& x, const at::Tensor& weight) {
  const at::ScalarType type = x.scalar_type();
  return x.device().is_cpu() && (type == at::kFloat || type == at::kBFloat16) &&
         (weight.scalar_type() == at::kFloat || weight.scalar_type() == type) && x.numel() > 0;
}

at::Tensor in_type_of(const at::Tensor& x, const at::Tensor& parameter) {
  return parameter.defined() ? parameter.to(x.scalar_type()) : parameter;
}

at::Tensor ready_weight(const at::Tensor& weight, at::ScalarType activations) {
  if (weight.dim() == 3) return ready_weight(weight.unsqueeze(2), activations).squeeze(2);
  return weight.to(product_type(activations)).contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor channels_last_conv(const at::Tensor& x,
                              const at::Tensor& weight,
                              const at::Tensor& bias,
                              const ConvGeometry& geometry) {
  if (is_better_in_segments(x, weight, geometry)) {
    return convolve_in_segments(x, weight, bias, geometry);
  }
  return ChannelsLastConv::apply(channels_last(x),
                                 weight,
                                 bias.defined() ? bias : at::empty({0}, weight.options()),
                                 as_list(geometry));
}

}  // namespace kilonat::kernels
