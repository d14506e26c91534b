#pragma once
/// Where new codebooks start: from the data, before step 0.

#include <cstdint>
#include <functional>

#include <torch/types.h>

#include "kilonat/codec/autoencoder.h"

namespace kilonat::train {

/// What codebooks that start from the data leave over of it.
struct CodebookInitReport {
  std::int64_t num_frames = 0;  ///< of the encoder's output that they were fitted to
  double left_over = 0;         ///< share of its variance behind the last codebook, 0 to 1
};

/// Fits each codebook in turn to what the ones before left over of the encoder's output.
///
/// Note [Codebooks from the data]: DAC draws projections and codebook rows at random. Then a stage
/// takes nothing off what it was given, and most rows are never the nearest and never learn: after
/// 2500 steps of tiny16 the first codebook of 1024 rows told 3.3 bits, and no waveform came through
/// sixteen of them (SI-SDR -46 dB). A gaussian bottleneck starts from the data
/// (bottleneck_init.h); so do codebooks.
///
/// Each stage gets the directions of the largest variance as its input projection, k-means
/// centroids as rows, and the least-squares way back as its output projection. The lookup compares
/// directions only (rows and queries of unit length), so one of the codebook's dimensions is held
/// constant by the projection's bias: neighbours in direction are then neighbours in place. A stage
/// that is left nothing keeps its random rows and gives the mean. K-means on the first batches is
/// how EnCodec's code starts its codebooks (encodec, quantization/core_vq.py, kmeans_init).
///
/// @param model       its encoder stays as it is.
/// @param seed        of the rows that k-means starts from.
/// @param next_batch  gives audio [B, C, T] on the model's device; is asked until there are several
///                    frames for each row, or enough of them.
/// @throws NumericError if the encoder's output is not finite; Interrupted.
/// REQUIRES: the model's bottleneck is rvq.
CodebookInitReport initialise_codebooks_(codec::Autoencoder& model,
                                         std::uint64_t seed,
                                         const std::function<torch::Tensor()>& next_batch);

}  // namespace kilonat::train
