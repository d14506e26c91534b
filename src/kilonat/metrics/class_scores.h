#pragma once
/// What a classifier's posteriors say of a set of clips.
///
/// N clips, K classes.

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace kilonat::metrics {

/// Clips by the class they were meant to be (row) and the class they are taken for (column).
/// @param classes  of each clip, 0 .. K - 1; clips with -1 are left out.
/// @returns int64 [K, K]. @throws ShapeError if the numbers of clips differ.
[[nodiscard]] at::Tensor confusion_matrix(const at::Tensor& log_posteriors_NK,
                                          const std::vector<std::int64_t>& classes);

/// Share of the clips of a confusion matrix that lie on its diagonal; 0 if it is empty.
[[nodiscard]] double accuracy(const at::Tensor& confusion_KK);

/// Kullback-Leibler divergence in nats of rows of log probabilities: KL(p || q), [N].
///
/// Note [Direction of the KL]: published tables differ. With the reference first, KL(reference ||
/// generated), as audiocraft, audioldm_eval and av-benchmark have it, sounds that miss a class of
/// the reference cost most; with the generated sound first, KL(generated || reference), as
/// stable-audio-metrics has it, sounds of a class that the reference lacks do. Exact log
/// probabilities, no epsilon.
[[nodiscard]] at::Tensor kl_nats(const at::Tensor& log_p_NK, const at::Tensor& log_q_NK);

/// Log of the mean posterior of the reference's clips of each class, [K classes, K].
///
/// A class that the reference lacks gets the mean over all its clips.
/// @throws ShapeError if the numbers of clips differ; DataError if there is no clip.
[[nodiscard]] at::Tensor class_log_posteriors(const at::Tensor& log_posteriors_NK,
                                              const std::vector<std::int64_t>& classes);

/// exp of the mean of KL(p || mean p) over clips: 1 (all alike) to K (sure, and all classes alike
/// often). One split: sets here are too small for the usual ten. It says nothing of whether a sound
/// is what was asked for. @throws DataError if there is no clip.
[[nodiscard]] double inception_score(const at::Tensor& log_posteriors_NK);

}  // namespace kilonat::metrics
