#include "kilonat/metrics/reference_clips.h"

#include "kilonat/base/errors.h"

namespace kilonat::metrics {
namespace {

void require_two(const data::Source& clips, const std::string& split) {
  KILONAT_REQUIRE(clips.size() >= 2,
                  DataError,
                  "opening the reference sounds: {} in the split '{}', expected at least 2; a "
                  "manifest's column 'split' names it",
                  clips.size(),
                  split);
}

}  // namespace

ReferenceClips open_reference(std::span<const std::string> specs) {
  const auto all = data::open_source(specs);
  ReferenceClips clips{.training = data::select_split(all, "train"),
                       .held_out = data::select_split(all, "valid"),
                       .held_out_split = "valid"};
  if (clips.held_out->size() == 0) {
    const auto test = data::select_split(all, "test");
    if (test->size() > 0) clips = {clips.training, test, "test"};
  }
  require_two(*clips.training, "train");
  require_two(*clips.held_out, clips.held_out_split);
  return clips;
}

}  // namespace kilonat::metrics
