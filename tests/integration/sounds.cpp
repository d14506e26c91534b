#include "integration/sounds.h"

#include <cmath>
#include <cstring>
#include <memory>
#include <numbers>

#include "integration/program.h"

#include "kilonat/base/seed_tree.h"

namespace kilonat::integration {
namespace {

template <class Value>
void append(std::string& bytes, Value value) {
  char raw[sizeof(Value)];
  std::memcpy(raw, &value, sizeof(Value));  // little-endian hosts only, as the project
  bytes.append(raw, sizeof(Value));
}

std::string header(const WavOptions& options, std::uint32_t num_data_bytes) {
  const auto channels = static_cast<std::uint16_t>(options.num_channels);
  const auto rate = static_cast<std::uint32_t>(options.sample_rate_hz);
  std::string bytes = "RIFF";
  append<std::uint32_t>(bytes, 36 + num_data_bytes);
  bytes += "WAVEfmt ";
  append<std::uint32_t>(bytes, 16);
  append<std::uint16_t>(bytes, 3);  // IEEE float
  append<std::uint16_t>(bytes, channels);
  append<std::uint32_t>(bytes, rate);
  append<std::uint32_t>(bytes, rate * channels * 4);
  append<std::uint16_t>(bytes, static_cast<std::uint16_t>(channels * 4));
  append<std::uint16_t>(bytes, 32);
  bytes += "data";
  append<std::uint32_t>(bytes, num_data_bytes);
  return bytes;
}

}  // namespace

void write_wav(const std::filesystem::path& path,
               const WavOptions& options,
               const std::function<float(double)>& value) {
  const auto num_frames =
      std::llround(options.seconds * static_cast<double>(options.sample_rate_hz));
  std::string bytes =
      header(options, static_cast<std::uint32_t>(num_frames * options.num_channels * 4));
  for (std::int64_t i = 0; i < num_frames; ++i) {
    const float sample =
        value(static_cast<double>(i) / static_cast<double>(options.sample_rate_hz));
    for (std::int64_t c = 0; c < options.num_channels; ++c) append(bytes, sample);
  }
  write_bytes(path, bytes);
}

std::function<float(double)> pluck(int seed) {
  auto rng = std::make_shared<Rng>(static_cast<std::uint64_t>(seed));
  const double pitch_hz = rng->uniform(150, 900);
  const double decay_per_s = rng->uniform(2, 8);
  return [=](double t) {
    const double tone = std::sin(2 * std::numbers::pi * pitch_hz * t);
    return static_cast<float>(0.5 * std::exp(-decay_per_s * t) * (tone + 0.1 * rng->normal()));
  };
}

void write_plucks(const std::filesystem::path& folder, int count) {
  for (int i = 0; i < count; ++i) {
    write_wav(folder / ("pluck-" + std::to_string(i) + ".wav"), {}, pluck(i));
  }
}

}  // namespace kilonat::integration
