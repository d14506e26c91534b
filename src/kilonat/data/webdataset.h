#pragma once
/// WebDataset shards: tar files whose members belong together by the beginning of their names.

#include <memory>
#include <string>

#include "kilonat/data/source.h"

namespace kilonat::data {

/// Opens the shards of a pattern ("shards/train-{000..012}.tar", see expand_braces) as one source.
///
/// Members whose path is the same up to the first dot of the file name are one sample: a sound
/// (.wav .flac .ogg .opus .mp3 ..) and, where present, .txt (the caption), .cls (the class) and
/// .json (`caption`, `class`, `split`, where the others are silent). Samples without a sound are
/// left out. The id is "shard.tar/key"; names in the tar are never used as paths. Sounds are read
/// by seeking; of a compressed shard all up to the sound is decompressed for each. Thread-safe.
/// @throws DataError, naming the shard: missing, truncated, no tar, no sound in it, two members of
///         the same name in a sample, JSON that cannot be read, an unknown split.
[[nodiscard]] std::unique_ptr<Source> open_webdataset(const std::string& pattern);

}  // namespace kilonat::data
