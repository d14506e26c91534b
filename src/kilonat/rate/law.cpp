#include "kilonat/rate/law.h"

#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"

namespace kilonat::rate {

namespace {

struct Entry {
  const char* name;
  std::unique_ptr<Law> (*make)(const RateLawOptions&);
};

constexpr std::array kTable = {
    Entry{"dual", make_dual_law},
    Entry{"matched", make_matched_law},
    Entry{"penalty", make_penalty_law},
    Entry{"penalty_squared", make_penalty_squared_law},
    Entry{"penalty_hinge", make_penalty_hinge_law},
    Entry{"fixed", make_fixed_law},
};

}  // namespace

void Law::update(const LawInput&) {}
nlohmann::json Law::state() const {
  return nlohmann::json::object();
}
void Law::restore(const nlohmann::json&) {}

std::unique_ptr<Law> make_law(const RateLawOptions& options) {
  for (const Entry& entry : kTable) {
    if (options.law == entry.name) return entry.make(options);
  }
  throw ConfigError(
      fmt::format("rate.law is '{}', expected {}", options.law, fmt::join(law_names(), ", ")));
}

std::vector<std::string> law_names() {
  std::vector<std::string> names;
  names.reserve(kTable.size());
  for (const Entry& entry : kTable) names.emplace_back(entry.name);
  return names;
}

}  // namespace kilonat::rate
