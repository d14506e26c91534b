#pragma once
/// The words of a procedural source: "procedural:bell,kick,clips=100,seed=3".

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kilonat/data/procedural/scene.h"

namespace kilonat::data {

/// What a procedural source holds.
struct ProceduralSpec {
  std::vector<std::string> classes;  ///< as in the spec, each once; "all" by name
  std::int64_t clips = 48;           ///< of each class, 1 .. 100000
  std::uint64_t seed = 0;
  procedural::Format format{};  ///< 16 to 48 kHz, 1 or 2 channels, 1.5 to 30 s
};

/// True for specs that begin with "procedural:".
[[nodiscard]] bool is_procedural(std::string_view spec);

/// Reads "procedural:" and then, separated by commas, names of classes (or "all": every one but the
/// Gaussian noises of procedural/gaussian.h) and options:
/// clips=48, seed=0, seconds=2.5, rate=16000, channels=1 (the defaults). No shell needs quotes for
/// that.
/// @throws ConfigError, one line: for an unknown class or option the nearest spelling and the list,
///         for a value its range.
[[nodiscard]] ProceduralSpec parse_procedural(const std::string& spec);

}  // namespace kilonat::data
