#pragma once
/// Sounds that are made when they are read.

#include <memory>

#include "kilonat/data/procedural_spec.h"
#include "kilonat/data/source.h"

namespace kilonat::data {

/// Lists the clips of a spec, class by class, and synthesises them when they are read.
///
/// Clip i of a class depends on nothing but the seed, the class, i and the format: more clips or
/// other classes leave it as it is. Ids are "procedural/bell/0007"; of eight clips in a row the
/// last is in the split "valid", the others in "train". Thread-safe.
[[nodiscard]] std::unique_ptr<Source> make_procedural_source(const ProceduralSpec& spec);

}  // namespace kilonat::data
