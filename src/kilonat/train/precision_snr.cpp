#include "kilonat/train/precision_snr.h"

#include <cmath>

#include <torch/utils.h>

namespace kilonat::train {
namespace {

/// A bfloat16 model in float32 for a while, whatever happens.
class InFloat32 {
 public:
  explicit InFloat32(codec::Autoencoder& model) : model_(model) {
    model_->set_precision(kernels::Precision::kFp32);
  }
  InFloat32(const InFloat32&) = delete;
  InFloat32& operator=(const InFloat32&) = delete;
  ~InFloat32() { model_->set_precision(kernels::Precision::kBf16); }

 private:
  codec::Autoencoder& model_;
};

double energy(const torch::Tensor& x) {
  return x.to(torch::kFloat64).square().sum().item<double>();
}

std::optional<PrecisionSnr> over(const codec::Autoencoder& model,
                                 double snr_db,
                                 std::int64_t num_samples) {
  if (std::isnan(snr_db)) return std::nullopt;
  return PrecisionSnr{.snr_db = snr_db,
                      .duration_s = static_cast<double>(num_samples) /
                                    static_cast<double>(model->options().sample_rate_hz)};
}

/// Of something made of a sound.
std::optional<PrecisionSnr> of_sound(
    codec::Autoencoder& model,
    const torch::Tensor& audio_CT,
    const std::function<torch::Tensor(codec::Autoencoder&, const torch::Tensor& x_BCT)>& code) {
  if (model->num_frames(audio_CT.size(-1)) == 0) return std::nullopt;
  const torch::Tensor x_BCT = audio_CT.unsqueeze(0).to(model->parameters().front().device());
  const double db = bf16_snr_db(model, [&](codec::Autoencoder& m) { return code(m, x_BCT); });
  return over(model, db, audio_CT.size(-1));
}

}  // namespace

double snr_db(const torch::Tensor& exact, const torch::Tensor& rounded) {
  const double signal = energy(exact);
  const double error = energy(exact.to(torch::kFloat64) - rounded.to(torch::kFloat64));
  return signal > 0 ? 10 * std::log10(signal / error) : std::nan("");
}

double bf16_snr_db(codec::Autoencoder& model,
                   const std::function<torch::Tensor(codec::Autoencoder&)>& code) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor rounded = code(model);
  const InFloat32 in_float32(model);
  return snr_db(code(model), rounded);
}

std::optional<PrecisionSnr> encoding_snr(codec::Autoencoder& model, const torch::Tensor& audio_CT) {
  return of_sound(model, audio_CT, [](codec::Autoencoder& m, const torch::Tensor& x_BCT) {
    return m->encode(x_BCT).latent_BDF;
  });
}

std::optional<PrecisionSnr> reconstruction_snr(codec::Autoencoder& model,
                                               const torch::Tensor& audio_CT) {
  return of_sound(model, audio_CT, [](codec::Autoencoder& m, const torch::Tensor& x_BCT) {
    return m->forward(x_BCT).audio_BCT;
  });
}

std::optional<PrecisionSnr> decoding_snr(codec::Autoencoder& model,
                                         const torch::Tensor& latent_DF) {
  const std::int64_t num_samples = model->num_samples(latent_DF.size(-1));
  if (num_samples == 0) return std::nullopt;
  const torch::Tensor latent_BDF = latent_DF.unsqueeze(0).to(model->parameters().front().device());
  const double db =
      bf16_snr_db(model, [&](codec::Autoencoder& m) { return m->decode_latent(latent_BDF); });
  return over(model, db, num_samples);
}

}  // namespace kilonat::train
