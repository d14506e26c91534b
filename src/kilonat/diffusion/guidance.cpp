#include "kilonat/diffusion/guidance.h"

#include <utility>

#include <torch/types.h>

#include "kilonat/base/errors.h"

namespace kilonat::diffusion {

namespace {

/// Zeros (false) after the tokens of axis 1, up to `length`.
at::Tensor padded(const at::Tensor& x_BL, std::int64_t length) {
  std::vector<std::int64_t> shape = x_BL.sizes().vec();
  shape[1] = length - shape[1];
  return shape[1] == 0 ? x_BL : at::cat({x_BL, at::zeros(shape, x_BL.options())}, 1);
}

at::Tensor twice(const at::Tensor& x) {
  return x.defined() ? at::cat({x, x}) : x;
}

at::Tensor times(double t, std::int64_t batch, const at::Tensor& like) {
  return at::full({batch}, t, like.options());
}

}  // namespace

void describe(config::Schema& schema, GuidanceOptions& options) {
  schema
      .field("scale",
             options.scale,
             {.doc = "how far past the caption's velocity, away from that without; 1: off",
              .min = 0,
              .max = 100})
      .field("rescale",
             options.rescale,
             {.doc = "share by which the spread over channels is brought back", .min = 0, .max = 1})
      .field("lowest_time",
             options.lowest_time,
             {.doc = "no guidance at times below (0: the latent)", .min = 0, .max = 1})
      .field("highest_time",
             options.highest_time,
             {.doc = "no guidance at times above (1: noise)", .min = 0, .max = 1});
}

text::TextFeatures concatenated(const text::TextFeatures& first, const text::TextFeatures& second) {
  KILONAT_REQUIRE(first.tokens_BLD.size(2) == second.tokens_BLD.size(2),
                  ShapeError,
                  "joining captions: widths {} and {} differ",
                  first.tokens_BLD.size(2),
                  second.tokens_BLD.size(2));
  const std::int64_t length = std::max(first.mask_BL.size(1), second.mask_BL.size(1));
  return {
      .tokens_BLD = at::cat({padded(first.tokens_BLD, length), padded(second.tokens_BLD, length)}),
      .mask_BL = at::cat({padded(first.mask_BL, length), padded(second.mask_BL, length)}),
      .pooled_BD = at::cat({first.pooled_BD, second.pooled_BD})};
}

at::Tensor guide(const at::Tensor& caption_BCF,
                 const at::Tensor& other_BCF,
                 const GuidanceOptions& options) {
  const at::Tensor guided_BCF = at::lerp(other_BCF, caption_BCF, options.scale);
  if (options.rescale == 0) return guided_BCF;
  constexpr double kTiny = 1e-12;  // padding is all zeros
  const at::Tensor ratio_B1F = caption_BCF.std(1, /*unbiased=*/false, /*keepdim=*/true) /
                               guided_BCF.std(1, false, true).clamp_min(kTiny);
  return guided_BCF * (options.rescale * ratio_B1F + (1 - options.rescale));
}

Velocity guided_velocity(DiffusionTransformer model,
                         Request request,
                         const GuidanceOptions& options) {
  KILONAT_REQUIRE(options.lowest_time <= options.highest_time,
                  ConfigError,
                  "guidance between times {:g} and {:g}: expected the lowest first",
                  options.lowest_time,
                  options.highest_time);
  const std::int64_t batch = request.duration_s_B.size(0);
  const text::TextFeatures both =
      concatenated(request.text, request.negative ? *request.negative : request.text);
  const at::Tensor is_dropped_B =
      request.negative ? at::Tensor()
                       : (at::arange(2 * batch, request.duration_s_B.options()) >= batch);
  const at::Tensor durations_B = twice(request.duration_s_B);
  const at::Tensor masks_BF = twice(request.frame_mask_BF);

  return [=, model = std::move(model), request = std::move(request)](const at::Tensor& x_BCF,
                                                                     double t) mutable {
    const torch::NoGradGuard no_grad;
    const bool is_guided =
        options.scale != 1 && t >= options.lowest_time && t <= options.highest_time;
    if (!is_guided) {
      return model(x_BCF,
                   times(t, batch, request.duration_s_B),
                   request.duration_s_B,
                   request.frame_mask_BF,
                   request.text);
    }
    const std::vector<at::Tensor> parts = model(twice(x_BCF),
                                                times(t, 2 * batch, durations_B),
                                                durations_B,
                                                masks_BF,
                                                both,
                                                is_dropped_B)
                                              .chunk(2);
    return guide(parts[0], parts[1], options);
  };
}

}  // namespace kilonat::diffusion
