#include "kilonat/metrics/caption_aspects.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace kilonat::metrics {
namespace {

struct Aspect {
  const char* name;
  std::vector<const char*> phrases;
};

/// In the order in which they are looked for: what a phrase takes is gone for those behind it, so
/// that the "fast" of "a fast decay" is no speed.
const std::vector<Aspect> kAspects{
    {"decay", {"slow decay", "fast decay"}},
    {"vibrato", {"with vibrato", "without vibrato"}},
    {"distance", {"far away", "nearby"}},
    {"number", {"one", "two", "three", "four", "five", "six", "many", "a few"}},
    {"pitch", {"high", "low"}},
    {"brightness", {"bright", "dull"}},
    {"speed", {"fast", "slow"}},
    {"glide", {"rising", "falling"}},
    {"size", {"large", "small"}},
    {"floor", {"hard", "soft"}},
    {"opening", {"open", "closed"}},
    {"mode", {"major", "minor"}},
    {"vowel", {"ah", "ee", "oo"}},
    {"density", {"heavy", "light"}},
    {"steadiness", {"gusty", "steady"}},
};

}  // namespace

CaptionAspects caption_aspects(const std::string& caption) {
  CaptionAspects aspects;
  std::string rest = fmt::format(" {} ", caption);
  for (const Aspect& aspect : kAspects) {
    for (const char* phrase : aspect.phrases) {
      const std::string needle = fmt::format(" {} ", phrase);
      const auto at = rest.find(needle);
      if (at == std::string::npos) continue;
      aspects.emplace(aspect.name, phrase);
      rest.replace(at, needle.size(), "  ");
      break;
    }
  }
  return aspects;
}

std::set<std::string> aspect_names(const CaptionAspects& aspects) {
  std::set<std::string> names;
  for (const auto& [name, word] : aspects) names.insert(name);
  return names;
}

}  // namespace kilonat::metrics
