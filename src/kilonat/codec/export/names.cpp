#include "kilonat/codec/export/names.h"

#include <array>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kilonat::codec {

namespace {

using Parts = std::vector<std::string>;

Parts split(const std::string& name) {
  Parts parts;
  std::size_t start = 0;
  for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', start)) {
    parts.push_back(name.substr(start, dot - start));
    start = dot + 1;
  }
  parts.push_back(name.substr(start));
  return parts;
}

/// Layers of a residual unit by their place.
constexpr std::array<const char*, 4> kUnitLayers{"snake1", "conv1", "snake2", "conv2"};

/// Inside a strided block: [slot, .., parameter].
std::string inside_block(bool is_encoder, const Parts& inside) {
  const std::size_t slot = std::stoul(inside[0]);
  const std::size_t first_unit = is_encoder ? 0 : 2;
  if (inside[1] == "block") {
    return fmt::format("res_unit{}.{}.{}",
                       slot - first_unit + 1,
                       kUnitLayers.at(std::stoul(inside[2])),
                       inside.back());
  }
  const bool is_snake = slot == (is_encoder ? 3U : 0U);
  const char* strided = is_encoder ? "conv1" : "conv_t1";
  return fmt::format("{}.{}", is_snake ? "snake1" : strided, inside.back());
}

}  // namespace

std::string huggingface_name(const std::string& name,
                             std::size_t encoder_blocks,
                             std::size_t decoder_blocks) {
  const Parts parts = split(name);
  if (parts[0] == "quantizer") return name;
  const bool is_encoder = parts[0] == "encoder";
  const std::size_t blocks = is_encoder ? encoder_blocks : decoder_blocks;
  const std::size_t slot = std::stoul(parts[2]);
  if (slot == 0) return fmt::format("{}.conv1.{}", parts[0], parts.back());
  if (slot == blocks + 1) return fmt::format("{}.snake1.{}", parts[0], parts.back());
  if (slot == blocks + 2) return fmt::format("{}.conv2.{}", parts[0], parts.back());
  return fmt::format("{}.block.{}.{}",
                     parts[0],
                     slot - 1,
                     inside_block(is_encoder, Parts(parts.begin() + 4, parts.end())));
}

std::string stable_audio_tools_name(const std::string& name) {
  Parts parts = split(name);
  parts[1] = "layers";
  for (std::string& part : parts) {
    if (part == "block") part = "layers";
  }
  return fmt::format("{}", fmt::join(parts, "."));
}

}  // namespace kilonat::codec
