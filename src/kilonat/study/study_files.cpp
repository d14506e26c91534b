#include "kilonat/study/study_files.h"

#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "kilonat/base/files.h"
#include "kilonat/base/hash.h"
#include "kilonat/base/seed_tree.h"

namespace kilonat::study {
namespace {

constexpr std::size_t kNameDigits = 8;

}  // namespace

std::string hash_text(std::string_view text) {
  return fmt::format("{:016x}", SeedTree(0).child(text).seed());
}

std::string hash_file(const std::filesystem::path& path) {
  return fmt::format("{:016x}", fnv1a_64(read_file(path)));
}

std::string run_name(std::string_view id, std::string_view settings) {
  return fmt::format("{}-{}", id, hash_text(settings).substr(0, kNameDigits));
}

std::string now_text() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

}  // namespace kilonat::study
