#include "kilonat/text/features.h"

#include <algorithm>

#include <ATen/ATen.h>

namespace kilonat::text {

TextFeatures masked_features(const at::Tensor& tokens_BLD, const at::Tensor& mask_BL) {
  TextFeatures features;
  features.mask_BL = mask_BL;
  // Not a product: what is masked may be NaN.
  features.tokens_BLD = tokens_BLD.masked_fill(at::logical_not(mask_BL).unsqueeze(2), 0);
  const at::Tensor count_B1 = mask_BL.sum(1, /*keepdim=*/true).to(tokens_BLD.scalar_type());
  features.pooled_BD = features.tokens_BLD.sum(1) / count_B1;
  return features;
}

TextFeatures padded_features(const std::vector<at::Tensor>& captions_LD, const at::Device& device) {
  std::int64_t length = 0;
  for (const at::Tensor& caption_LD : captions_LD) length = std::max(length, caption_LD.size(0));
  const auto batch = static_cast<std::int64_t>(captions_LD.size());
  const auto options = captions_LD.front().options().device(device);
  at::Tensor tokens_BLD = at::zeros({batch, length, captions_LD.front().size(1)}, options);
  at::Tensor mask_BL = at::zeros({batch, length}, options.dtype(at::kBool));
  for (std::int64_t b = 0; b < batch; ++b) {
    const at::Tensor& caption_LD = captions_LD[static_cast<std::size_t>(b)];
    tokens_BLD[b].narrow(0, 0, caption_LD.size(0)).copy_(caption_LD);
    mask_BL[b].narrow(0, 0, caption_LD.size(0)).fill_(true);
  }
  return masked_features(tokens_BLD, mask_BL);
}

}  // namespace kilonat::text
