#include "kilonat/train/codec_losses.h"

#include "kilonat/loss/waveform_loss.h"

namespace kilonat::train {

CodecLosses::CodecLosses(const CodecTrainOptions& options)
    : options_(options.loss),
      mel_(options.loss.mel, options.codec.sample_rate_hz),
      stft_(options.loss.stft) {}

void CodecLosses::add(loss::LossTable& table,
                      const torch::Tensor& reference_BCT,
                      const torch::Tensor& estimate_BCT) const {
  if (options_.mel_weight > 0) {
    table.add("rec/mel", mel_(estimate_BCT, reference_BCT), options_.mel_weight);
  }
  if (options_.stft_weight > 0) {
    table.add("rec/stft", stft_(estimate_BCT, reference_BCT), options_.stft_weight);
  }
  if (options_.waveform_weight > 0) {
    table.add(
        "rec/waveform", loss::waveform_l1(estimate_BCT, reference_BCT), options_.waveform_weight);
  }
  if (options_.squared_error_weight > 0) {
    table.add("rec/squared_error",
              loss::squared_error(estimate_BCT, reference_BCT),
              options_.squared_error_weight);
  }
}

}  // namespace kilonat::train
