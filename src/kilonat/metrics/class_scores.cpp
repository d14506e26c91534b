#include "kilonat/metrics/class_scores.h"

#include <cmath>

#include <ATen/ATen.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::metrics {
namespace {

void require_class_of_each(const at::Tensor& log_posteriors_NK,
                           const std::vector<std::int64_t>& classes) {
  tensor::expect_shape(log_posteriors_NK,
                       "class posteriors",
                       {static_cast<std::int64_t>(classes.size()), tensor::kAny});
}

/// ln of the mean of probabilities over clips.
at::Tensor log_mean(const at::Tensor& log_posteriors_NK) {
  KILONAT_REQUIRE(
      log_posteriors_NK.size(0) > 0, DataError, "class posteriors: no clip to take the mean of");
  return at::logsumexp(log_posteriors_NK.to(at::kDouble), 0) -
         std::log(static_cast<double>(log_posteriors_NK.size(0)));
}

}  // namespace

at::Tensor confusion_matrix(const at::Tensor& log_posteriors_NK,
                            const std::vector<std::int64_t>& classes) {
  require_class_of_each(log_posteriors_NK, classes);
  const std::int64_t num_classes = log_posteriors_NK.size(1);
  const at::Tensor guesses = log_posteriors_NK.argmax(1);
  at::Tensor confusion_KK = at::zeros({num_classes, num_classes}, at::kLong);
  auto counts = confusion_KK.accessor<std::int64_t, 2>();
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (classes[i] < 0) continue;
    ++counts[classes[i]][guesses[static_cast<std::int64_t>(i)].item<std::int64_t>()];
  }
  return confusion_KK;
}

double accuracy(const at::Tensor& confusion_KK) {
  const auto total = confusion_KK.sum().item<double>();
  return total > 0 ? confusion_KK.trace().item<double>() / total : 0;
}

at::Tensor kl_nats(const at::Tensor& log_p_NK, const at::Tensor& log_q_NK) {
  const at::Tensor p = log_p_NK.to(at::kDouble);
  return (p.exp() * (p - log_q_NK.to(at::kDouble))).sum(-1);
}

at::Tensor class_log_posteriors(const at::Tensor& log_posteriors_NK,
                                const std::vector<std::int64_t>& classes) {
  require_class_of_each(log_posteriors_NK, classes);
  const at::Tensor classes_N = at::tensor(classes, at::kLong);
  const at::Tensor overall_K = log_mean(log_posteriors_NK);
  std::vector<at::Tensor> rows;
  for (std::int64_t k = 0; k < log_posteriors_NK.size(1); ++k) {
    const at::Tensor of_class =
        log_posteriors_NK.index_select(0, (classes_N == k).nonzero().view(-1));
    rows.push_back(of_class.size(0) > 0 ? log_mean(of_class) : overall_K);
  }
  return at::stack(rows);
}

double inception_score(const at::Tensor& log_posteriors_NK) {
  return std::exp(kl_nats(log_posteriors_NK, log_mean(log_posteriors_NK)).mean().item<double>());
}

}  // namespace kilonat::metrics
