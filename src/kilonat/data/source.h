#pragma once
/// Where sounds come from: clips by number, each with what its manifest says of it.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kilonat/audio/buffer.h"

namespace kilonat::data {

/// What is known of a clip without reading it.
struct ClipInfo {
  std::string id;         ///< the name under which the source lists it
  std::string caption{};  ///< empty: none
  std::string label{};    ///< the manifest's class; empty: none
  std::string split{};    ///< train | valid | test, from the source or the hash of the id
};

/// A fixed list of clips. All methods are thread-safe.
class Source {
 public:
  virtual ~Source() = default;
  [[nodiscard]] virtual std::size_t size() const = 0;
  /// REQUIRES: index < size() (also in read).
  [[nodiscard]] virtual const ClipInfo& info(std::size_t index) const = 0;
  /// The whole clip at its own rate and channels. @throws DataError or IoError, naming the file.
  [[nodiscard]] virtual audio::AudioBuffer read(std::size_t index) const = 0;
};

/// Opens what each spec names and lists it as one source.
///
/// A spec is one of (docs/data.md has them in full):
/// - a sound file, or a folder (searched to its depths, sorted by name);
/// - a .csv or .jsonl manifest: a column `file`, relative to the manifest, and where present
///   `caption`, `class` and `split`;
/// - WebDataset shards: "a.tar", "shards/train-{000..012}.tar";
/// - "procedural:all", "procedural:bell,clips=100,seed=3": sounds made when read.
///
/// The list is the same, in the same order, whenever the same specs are opened: a resumed run goes
/// on where it stopped.
/// @throws ConfigError for a procedural spec that cannot be read; DataError if another spec does
/// not
///         exist, a manifest is malformed ("file:line: ..."), a tar is truncated, or there is no
///         clip at all.
[[nodiscard]] std::shared_ptr<const Source> open_source(std::span<const std::string> specs);

/// The clips of one split; "all": every clip.
/// @throws ConfigError for another name than train, valid, test, all.
[[nodiscard]] std::shared_ptr<const Source> select_split(std::shared_ptr<const Source> source,
                                                         const std::string& split);

/// The split of a clip that no manifest assigns: one in ten by the hash of its id is "valid", the
/// rest "train". Stable when other clips come or go.
[[nodiscard]] std::string split_by_hash(const std::string& id);

}  // namespace kilonat::data
