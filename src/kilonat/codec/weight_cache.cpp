#include "kilonat/codec/weight_cache.h"

#include <mutex>

#include <torch/types.h>

#include "kilonat/kernels/channels_last_conv.h"
#include "kilonat/kernels/cpu.h"

namespace kilonat::codec {

namespace {

/// One for all: it is held for long only the first time.
std::mutex& all_caches() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

at::Tensor WeightCache::get(const at::Tensor& direction,
                            const at::Tensor& magnitude,
                            at::ScalarType activations,
                            const std::function<at::Tensor()>& make) {
  if (at::GradMode::is_enabled() && (direction.requires_grad() || magnitude.requires_grad())) {
    return make();
  }
  const std::lock_guard lock(all_caches());
  const Key key{.direction = direction.data_ptr(),
                .magnitude = magnitude.data_ptr(),
                .direction_version = static_cast<std::int64_t>(direction._version()),
                .magnitude_version = static_cast<std::int64_t>(magnitude._version()),
                .activations = activations,
                .cpu_level = static_cast<int>(kernels::cpu_level())};
  if (!weight_.defined() || key != key_) {
    const at::NoGradGuard no_grad;
    weight_ = kernels::ready_weight(make(), activations);
    key_ = key;
  }
  return weight_;
}

}  // namespace kilonat::codec
