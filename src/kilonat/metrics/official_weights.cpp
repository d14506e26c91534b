#include "kilonat/metrics/official_weights.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/printable.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::metrics {
namespace {

bool fits(at::IntArrayRef shape, std::initializer_list<std::int64_t> expected) {
  return std::equal(shape.begin(),
                    shape.end(),
                    expected.begin(),
                    expected.end(),
                    [](std::int64_t size, std::int64_t wanted) {
                      return wanted == tensor::kAny ? size > 0 : size == wanted;
                    });
}

}  // namespace

OfficialWeights::OfficialWeights(const std::filesystem::path& path, std::string_view anchor)
    : checkpoint_(codec::open_checkpoint(path)), what_(fmt::format("weights '{}'", path.string())) {
  const auto found =
      std::find_if(checkpoint_.shapes.begin(), checkpoint_.shapes.end(), [&](const auto& entry) {
        const std::string& name = entry.first;
        return name == anchor || name.ends_with("." + std::string(anchor));
      });
  KILONAT_REQUIRE(found != checkpoint_.shapes.end(),
                  FormatError,
                  "reading {}: no tensor '{}'; are they of another network?",
                  what_,
                  anchor);
  prefix_ = found->first.substr(0, found->first.size() - anchor.size());
  for (const auto& [name, shape] : checkpoint_.shapes) {
    if (name.starts_with(prefix_)) left_.insert(name.substr(prefix_.size()));
  }
}

bool OfficialWeights::contains(const std::string& name) const {
  return checkpoint_.shapes.contains(prefix_ + name);
}

at::Tensor OfficialWeights::take(const std::string& name,
                                 std::initializer_list<std::int64_t> shape) {
  const auto found = checkpoint_.shapes.find(prefix_ + name);
  KILONAT_REQUIRE(found != checkpoint_.shapes.end(),
                  FormatError,
                  "reading {}: no tensor '{}'",
                  what_,
                  prefix_ + name);
  KILONAT_REQUIRE(fits(found->second, shape),
                  FormatError,
                  "reading {}: tensor '{}' has shape {}, expected {}",
                  what_,
                  printable(found->first),
                  tensor::shape_text(found->second),
                  tensor::shape_text(at::IntArrayRef(shape.begin(), shape.size())));
  left_.erase(name);
  return checkpoint_.load(found->first).to(at::kFloat);
}

void OfficialWeights::skip(std::string_view pattern) {
  std::erase_if(left_,
                [&](const std::string& name) { return name.find(pattern) != std::string::npos; });
}

void OfficialWeights::require_all_taken() const {
  KILONAT_REQUIRE(left_.empty(),
                  FormatError,
                  "reading {}: tensor '{}' is not of this network",
                  what_,
                  left_.empty() ? "" : printable(*left_.begin()));
}

}  // namespace kilonat::metrics
