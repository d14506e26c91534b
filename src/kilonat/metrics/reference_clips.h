#pragma once
/// The real clips that generated sounds are measured against.

#include <memory>
#include <span>
#include <string>

#include "kilonat/data/source.h"

namespace kilonat::metrics {

/// Training clips are what sounds are compared with; held-out ones are what a perfect generator
/// would make.
struct ReferenceClips {
  std::shared_ptr<const data::Source> training;  ///< of the split "train"
  std::shared_ptr<const data::Source> held_out;
  std::string held_out_split;  ///< "valid"; "test" where no clip is in "valid"
};

/// Opens sources and takes their splits.
/// @throws DataError if either part has fewer than two clips, and as data::open_source.
[[nodiscard]] ReferenceClips open_reference(std::span<const std::string> specs);

}  // namespace kilonat::metrics
