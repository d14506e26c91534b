#pragma once
/// The reconstruction losses of a codec, weighted as the config says.

#include <torch/types.h>

#include "kilonat/loss/loss_table.h"
#include "kilonat/loss/spectral_loss.h"
#include "kilonat/train/codec_options.h"

namespace kilonat::train {

/// Losses between a sound and its reconstruction. A loss of weight 0 is not computed.
class CodecLosses {
 public:
  explicit CodecLosses(const CodecTrainOptions& options);

  /// Adds "rec/mel", "rec/stft", "rec/waveform", "rec/squared_error".
  void add(loss::LossTable& table,
           const torch::Tensor& reference_BCT,
           const torch::Tensor& estimate_BCT) const;

 private:
  CodecLossOptions options_;
  loss::SpectralLoss mel_;
  loss::SpectralLoss stft_;
};

}  // namespace kilonat::train
