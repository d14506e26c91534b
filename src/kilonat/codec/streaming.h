#pragma once
/// Signals of any length through an autoencoder, chunk by chunk, in bounded memory.
///
/// Note [Chunked equals unchunked]: a chunk is computed together with exactly the input that its
/// outputs depend on (geometry.h) and the outputs near an artificial border are thrown away, so
/// that what is kept never meets the padding of such a border. At the true ends of the signal the
/// layers pad as they do for the whole. The result differs from the unchunked one by float rounding
/// alone.

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "kilonat/codec/autoencoder.h"
#include "kilonat/codec/geometry.h"

namespace kilonat::codec {

struct ChunkOptions {
  /// Latent frames computed at a time; 0: about three seconds at 44.1 kHz, and no less than four
  /// times the decoder's context.
  std::int64_t frames_per_chunk = 0;
};

/// The number that `options` stand for.
[[nodiscard]] std::int64_t frames_per_chunk(const AutoencoderOptions& model,
                                            const ChunkOptions& options);

/// A signal of which a moving stretch is kept: appended at the end, dropped at the front.
class SignalWindow {
 public:
  /// @param piece_CN  [channels, length >= 0].
  void append(const at::Tensor& piece_CN);
  /// Forgets everything before this position.
  void drop_before(std::int64_t position);
  /// Positions first .. end - 1, [channels, end - first]. REQUIRES: they are kept.
  [[nodiscard]] at::Tensor slice(std::int64_t first, std::int64_t end);
  /// Position behind the last value.
  [[nodiscard]] std::int64_t end() const { return end_; }
  [[nodiscard]] std::int64_t first() const { return first_; }

 private:
  void join();

  std::vector<at::Tensor> pieces_;
  std::int64_t first_ = 0;
  std::int64_t end_ = 0;
};

/// Latents of consecutive frames, a batch of one.
using LatentSink = std::function<void(const Latent&)>;
/// Consecutive samples, [channels, n].
using AudioSink = std::function<void(const at::Tensor& audio_CT)>;

/// Takes audio piece by piece and gives latents in order. Not thread-safe.
///
/// Sampling draws its noise chunk by chunk: a seed gives the same samples for the same chunk size.
class StreamingEncoder {
 public:
  /// @param model  in evaluation mode; shared, not copied.
  /// @param how    without `noise_BDF`.
  /// @throws InternalError if the model is in training mode.
  StreamingEncoder(Autoencoder model,
                   LatentSink sink,
                   const EncodeOptions& how = {},
                   const ChunkOptions& chunks = {});

  /// @param audio_CT [num_channels, n >= 0] on the CPU or the model's device.
  void push(const at::Tensor& audio_CT);
  /// Pads the signal to whole frames and gives the rest. Call once.
  /// @throws DataError if there is no frame in what was pushed.
  void finish();

  [[nodiscard]] std::int64_t num_samples() const { return num_samples_; }
  [[nodiscard]] std::int64_t num_frames() const { return next_frame_; }
  /// Samples held back: less than a chunk, its context and a hop.
  [[nodiscard]] std::int64_t num_buffered() const { return window_.end() - window_.first(); }

 private:
  void emit(std::int64_t end_frame);

  Autoencoder model_;
  LatentSink sink_;
  EncodeOptions how_;
  std::vector<LayerGeometry> layers_;
  std::int64_t chunk_frames_;
  SignalWindow window_;
  std::int64_t next_frame_ = 0;
  std::int64_t num_samples_ = 0;
};

/// Takes latents piece by piece and gives audio in order. Not thread-safe.
class StreamingDecoder {
 public:
  /// @throws InternalError if the model is in training mode.
  StreamingDecoder(Autoencoder model, AudioSink sink, const ChunkOptions& chunks = {});

  /// @param latent_DF  [D, n >= 0], before the output projection: Latent::latent_BDF of one item.
  void push(const at::Tensor& latent_DF);
  /// Gives the rest. Call once.
  /// @param num_samples  cuts the signal to this length, if it is longer.
  /// @throws DataError if no frame was pushed.
  void finish(std::optional<std::int64_t> num_samples = std::nullopt);

  [[nodiscard]] std::int64_t num_samples() const { return next_sample_; }
  /// Frames held back: less than a chunk and its context.
  [[nodiscard]] std::int64_t num_buffered() const { return window_.end() - window_.first(); }

 private:
  void emit(std::int64_t end_sample);

  Autoencoder model_;
  AudioSink sink_;
  std::vector<LayerGeometry> layers_;
  std::int64_t chunk_samples_;
  SignalWindow window_;
  std::int64_t next_sample_ = 0;
};

/// Gives the next samples [channels, n]; n = 0: the end.
using AudioSource = std::function<at::Tensor()>;

/// Encodes and decodes a signal of any length, cut to the length that went in.
/// @param latents  also gets the latents, if given.
/// @returns the number of samples.
std::int64_t reconstruct_stream(const Autoencoder& model,
                                const AudioSource& source,
                                const AudioSink& sink,
                                const EncodeOptions& how = {},
                                const ChunkOptions& chunks = {},
                                const LatentSink& latents = {});

}  // namespace kilonat::codec
