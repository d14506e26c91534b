#include "kilonat/codec/streaming.h"

#include <algorithm>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::codec {

namespace {

void require_evaluation(const Autoencoder& model) {
  KILONAT_REQUIRE(!model->is_training(),
                  InternalError,
                  "coding in chunks needs a model in evaluation mode: call eval()");
}

c10::Device device_of(const Autoencoder& model) {
  return model->parameters().front().device();
}

}  // namespace

std::int64_t frames_per_chunk(const AutoencoderOptions& model, const ChunkOptions& options) {
  if (options.frames_per_chunk > 0) return options.frames_per_chunk;
  constexpr std::int64_t kSamples = 1 << 17;
  return std::max(kSamples / hop_length(model), 4 * decoder_receptive_field(model));
}

void SignalWindow::append(const at::Tensor& piece_CN) {
  if (piece_CN.size(-1) == 0) return;
  pieces_.push_back(piece_CN);
  end_ += piece_CN.size(-1);
}

void SignalWindow::join() {
  if (pieces_.size() > 1) pieces_ = {torch::cat(pieces_, -1)};
}

void SignalWindow::drop_before(std::int64_t position) {
  const std::int64_t first = std::clamp(position, first_, end_);
  if (first == first_) return;
  join();
  // A copy, so that the dropped part's memory is given back.
  pieces_ = {pieces_.front().narrow(-1, first - first_, end_ - first).clone()};
  first_ = first;
}

at::Tensor SignalWindow::slice(std::int64_t first, std::int64_t end) {
  join();
  return pieces_.front().narrow(-1, first - first_, end - first);
}

StreamingEncoder::StreamingEncoder(Autoencoder model,
                                   LatentSink sink,
                                   const EncodeOptions& how,
                                   const ChunkOptions& chunks)
    : model_(std::move(model)),
      sink_(std::move(sink)),
      how_(how),
      layers_(encoder_geometry(model_->options())),
      chunk_frames_(frames_per_chunk(model_->options(), chunks)) {
  require_evaluation(model_);
}

void StreamingEncoder::push(const at::Tensor& audio_CT) {
  tensor::expect_shape(audio_CT, "audio", {model_->options().num_channels, tensor::kAny});
  window_.append(audio_CT.to(device_of(model_)));
  num_samples_ += audio_CT.size(-1);
  while (true) {
    const std::int64_t end_frame = next_frame_ + chunk_frames_;
    if (input_span(layers_, {next_frame_, end_frame - 1}).last >= window_.end()) break;
    emit(end_frame);
  }
}

void StreamingEncoder::finish() {
  KILONAT_REQUIRE(num_samples_ > 0 && model_->num_frames(num_samples_) > 0,
                  DataError,
                  "encoding: {} samples are too few for a latent frame",
                  num_samples_);
  // The window starts at a multiple of the hop, so its own padding is that of the whole signal.
  const at::Tensor tail = window_.slice(window_.first(), window_.end()).unsqueeze(0);
  const at::Tensor padded = model_->pad_to_frames(tail);
  window_.append(padded.narrow(-1, tail.size(-1), padded.size(-1) - tail.size(-1)).squeeze(0));
  const std::int64_t total = output_length(layers_, window_.end());
  while (next_frame_ < total) emit(std::min(next_frame_ + chunk_frames_, total));
}

void StreamingEncoder::emit(std::int64_t end_frame) {
  const torch::NoGradGuard no_grad;
  const std::int64_t hop = model_->hop_length();
  const Span needed = input_span(layers_, {next_frame_, end_frame - 1});
  const std::int64_t first_frame = std::max<std::int64_t>(needed.first, 0) / hop;
  const std::int64_t end = std::min(needed.last + 1, window_.end());
  const at::Tensor chunk_CT = window_.slice(first_frame * hop, end);
  const at::Tensor features_BCF = model_->encoder(chunk_CT.unsqueeze(0));
  const at::Tensor kept_BCF =
      features_BCF.narrow(-1, next_frame_ - first_frame, end_frame - next_frame_);
  sink_(model_->bottleneck(kept_BCF, how_));
  next_frame_ = end_frame;
  const std::int64_t next_needed = input_span(layers_, {next_frame_, next_frame_}).first;
  window_.drop_before(std::max<std::int64_t>(next_needed, 0) / hop * hop);
}

StreamingDecoder::StreamingDecoder(Autoencoder model, AudioSink sink, const ChunkOptions& chunks)
    : model_(std::move(model)),
      sink_(std::move(sink)),
      layers_(decoder_geometry(model_->options())),
      chunk_samples_(frames_per_chunk(model_->options(), chunks) * model_->hop_length()) {
  require_evaluation(model_);
}

void StreamingDecoder::push(const at::Tensor& latent_DF) {
  tensor::expect_shape(latent_DF, "latent", {tensor::kAny, tensor::kAny});
  window_.append(latent_DF.to(device_of(model_)));
  while (true) {
    const std::int64_t end_sample = next_sample_ + chunk_samples_;
    if (input_span(layers_, {next_sample_, end_sample - 1}).last >= window_.end()) break;
    emit(end_sample);
  }
}

void StreamingDecoder::finish(std::optional<std::int64_t> num_samples) {
  KILONAT_REQUIRE(window_.end() > 0, DataError, "decoding: the latent has no frames");
  const std::int64_t possible = output_length(layers_, window_.end());
  const std::int64_t total = std::min(possible, num_samples.value_or(possible));
  while (next_sample_ < total) emit(std::min(next_sample_ + chunk_samples_, total));
}

void StreamingDecoder::emit(std::int64_t end_sample) {
  const torch::NoGradGuard no_grad;
  const Span needed = input_span(layers_, {next_sample_, end_sample - 1});
  const std::int64_t first = std::max<std::int64_t>(needed.first, 0);
  const std::int64_t end = std::min(needed.last + 1, window_.end());
  const at::Tensor chunk_BDF = window_.slice(first, end).unsqueeze(0);
  const at::Tensor audio_BCT = model_->decode_latent(chunk_BDF);
  const std::int64_t offset = first * model_->hop_length();
  sink_(audio_BCT.narrow(-1, next_sample_ - offset, end_sample - next_sample_).squeeze(0));
  next_sample_ = end_sample;
  window_.drop_before(input_span(layers_, {next_sample_, next_sample_}).first);
}

std::int64_t reconstruct_stream(const Autoencoder& model,
                                const AudioSource& source,
                                const AudioSink& sink,
                                const EncodeOptions& how,
                                const ChunkOptions& chunks,
                                const LatentSink& latents) {
  StreamingDecoder decoder(model, sink, chunks);
  const auto pass_on = [&](const Latent& latent) {
    if (latents) latents(latent);
    decoder.push(latent.latent_BDF.squeeze(0));
  };
  StreamingEncoder encoder(model, pass_on, how, chunks);
  for (at::Tensor piece = source(); piece.size(-1) > 0; piece = source()) encoder.push(piece);
  encoder.finish();
  decoder.finish(encoder.num_samples());
  return decoder.num_samples();
}

}  // namespace kilonat::codec
