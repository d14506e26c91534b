#include "kilonat/kernels/conv1d.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "kilonat/kernels/channels_last_conv.h"

namespace kilonat::kernels {

namespace {

bool takes_fast_path(const at::Tensor& x_BCT, const at::Tensor& weight) {
  return x_BCT.dim() == 3 && weight.dim() == 3 && can_convolve_channels_last(x_BCT, weight);
}

/// As a two-dimensional convolution of height 1.
at::Tensor convolve(const at::Tensor& x_BCT,
                    const at::Tensor& weight,
                    const at::Tensor& bias,
                    const Conv1dOptions& options) {
  return channels_last_conv(x_BCT.unsqueeze(2),
                            weight.unsqueeze(2),
                            bias,
                            {.stride = {1, options.stride},
                             .padding = {0, options.padding},
                             .dilation = {1, options.dilation}})
      .squeeze(2);
}

/// narrow() along time, but nothing if nothing is cut: its gradient would be copied.
at::Tensor cut(const at::Tensor& x_BCT, std::int64_t first, std::int64_t length) {
  return x_BCT.size(-1) == length ? x_BCT : x_BCT.narrow(-1, first, length);
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}

/// Note [Few outputs]: the library makes vectors of output channels, and a single one costs as much
/// as sixteen. So `phases` neighbouring samples are computed as channels of one frame, each seeing
/// the frame's input through the weight moved on by a tap: (kernel + phases - 1) / kernel as many
/// products, but sixteen times fewer vectors. In channels-last memory [batch, frames, phases, out]
/// already is [batch, length, out].
class PhasesAsChannels {
 public:
  PhasesAsChannels(const at::Tensor& x_BCT, const at::Tensor& weight, const Conv1dOptions& options)
      : options_(options),
        phases_(kVector / weight.size(0)),
        length_(x_BCT.size(2) + 2 * options.padding - weight.size(2) + 1) {}

  [[nodiscard]] static bool pays(const at::Tensor& weight, const Conv1dOptions& options) {
    return weight.size(0) <= kVector / 4 && options.stride == 1 && options.dilation == 1;
  }
  /// Whole frames only.
  [[nodiscard]] bool fits() const { return length_ >= 4 * kVector && length_ % phases_ == 0; }

  [[nodiscard]] at::Tensor convolve(const at::Tensor& x_BCT,
                                    const at::Tensor& weight,
                                    const at::Tensor& bias) const {
    const at::Tensor frames_BCF =
        kernels::convolve(x_BCT,
                          moved_on(weight),
                          bias.defined() ? bias.repeat({phases_}) : bias,
                          {.stride = phases_, .padding = options_.padding});
    return frames_BCF.transpose(1, 2).reshape({x_BCT.size(0), length_, -1}).transpose(1, 2);
  }

 private:
  static constexpr std::int64_t kVector = 16;

  /// [out, in, kernel] to [phases x out, in, kernel + phases - 1].
  [[nodiscard]] at::Tensor moved_on(const at::Tensor& weight) const {
    const std::int64_t out = weight.size(0);
    const std::int64_t in = weight.size(1);
    const std::int64_t row = weight.size(2) + phases_;
    // Rows of one element less than what is repeated: each starts one further to the left in it.
    return at::constant_pad_nd(weight, {0, phases_}, 0)
        .repeat({1, 1, phases_})
        .narrow(2, 0, phases_ * (row - 1))
        .reshape({out, in, phases_, row - 1})
        .permute({2, 0, 1, 3})
        .reshape({phases_ * out, in, row - 1});
  }

  Conv1dOptions options_;
  std::int64_t phases_;
  std::int64_t length_;
};

/// The ordinary convolution that a transposed one is.
///
/// Note [Transposed convolution]: output sample n = q stride + r is the sum over d of
/// x[q + d] w[r + padding - stride d], so the `stride` samples of frame q are an ordinary
/// convolution with stride x out channels whose taps are the values of d. In channels-last memory
/// [batch, frames, stride, out] already is [batch, length, out]: the interleaving costs nothing.
///
/// Note [Two taps]: with a kernel of two strides a frame sees two inputs, but three if the padding
/// is not whole frames: its first samples see another pair than its last. A signal alone is
/// therefore computed with what the padding cuts off, and then cut, which costs nothing; items of a
/// batch would have to be copied.
struct OrdinaryForm {
  std::int64_t first;  // d of the first tap
  std::int64_t last;   // and of the last
  std::int64_t left;   // zeros that complete the kernel
  std::int64_t right;

  OrdinaryForm(std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
    first = -floor_divide(kernel - 1 - padding, stride);
    last = floor_divide(stride - 1 + padding, stride);
    left = stride * last - padding;
    right = padding - stride * first + stride - kernel;
  }

  [[nodiscard]] std::int64_t num_taps() const { return last - first + 1; }

  /// [in, out, kernel] to [stride x out, in, taps].
  [[nodiscard]] at::Tensor weight(const at::Tensor& weight_IOK, std::int64_t stride) const {
    const std::int64_t in = weight_IOK.size(0);
    const std::int64_t out = weight_IOK.size(1);
    const at::Tensor whole = at::constant_pad_nd(weight_IOK, {left, right}, 0);
    return whole.view({in, out, num_taps(), stride})
        .flip(2)
        .permute({3, 1, 0, 2})
        .reshape({stride * out, in, num_taps()});
  }
};

}  // namespace

at::Tensor conv1d(const at::Tensor& x_BCT,
                  const at::Tensor& weight,
                  const at::Tensor& bias,
                  const Conv1dOptions& options) {
  if (!takes_fast_path(x_BCT, weight)) {
    return at::conv1d(x_BCT,
                      in_type_of(x_BCT, weight),
                      in_type_of(x_BCT, bias),
                      options.stride,
                      options.padding,
                      options.dilation);
  }
  if (PhasesAsChannels::pays(weight, options)) {
    const PhasesAsChannels form(x_BCT, weight, options);
    if (form.fits()) return form.convolve(x_BCT, weight, bias);
  }
  return convolve(x_BCT, weight, bias, options);
}

at::Tensor conv_transpose1d(const at::Tensor& x_BCT,
                            const at::Tensor& weight,
                            const at::Tensor& bias,
                            const ConvTranspose1dOptions& options) {
  const std::int64_t kernel = weight.size(-1);
  const std::int64_t length = x_BCT.size(-1);
  const std::int64_t output_length =
      (length - 1) * options.stride - 2 * options.padding + kernel + options.output_padding;
  const bool makes_sense = output_length > 0 && kernel > options.padding && options.padding >= 0 &&
                           options.output_padding < options.stride &&
                           x_BCT.size(1) == weight.size(0);
  if (!makes_sense || !takes_fast_path(x_BCT, weight)) {
    return at::conv_transpose1d(x_BCT,
                                in_type_of(x_BCT, weight),
                                in_type_of(x_BCT, bias),
                                options.stride,
                                options.padding,
                                options.output_padding);
  }
  const std::int64_t skipped = x_BCT.size(0) == 1 ? options.padding : 0;
  const OrdinaryForm form(kernel, options.stride, options.padding - skipped);
  const std::int64_t num_frames = (skipped + output_length + options.stride - 1) / options.stride;
  const std::int64_t padding_left = -form.first;
  const std::int64_t padding = std::max(padding_left, form.last + num_frames - length);
  at::Tensor frames_BCF = convolve(x_BCT,
                                   form.weight(weight, options.stride),
                                   bias.defined() ? bias.repeat({options.stride}) : bias,
                                   {.padding = padding});
  frames_BCF = cut(frames_BCF, padding - padding_left, num_frames);
  const at::Tensor y_BTC =
      frames_BCF.transpose(1, 2).reshape({x_BCT.size(0), num_frames * options.stride, -1});
  return cut(y_BTC.transpose(1, 2), skipped, output_length);
}

}  // namespace kilonat::kernels
