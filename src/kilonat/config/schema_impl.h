#pragma once
/// Internal to config: what a Schema holds.

#include <memory>
#include <string>
#include <vector>

#include "kilonat/config/field.h"
#include "kilonat/config/schema.h"

namespace kilonat::config {

struct Section {
  std::string key;
  std::unique_ptr<Schema> schema;
};

struct Schema::Impl {
  std::string path;  ///< "" for the root, else "codec.bottleneck"
  std::string doc;
  std::vector<Field> fields;
  std::vector<Section> sections;

  [[nodiscard]] const Field* find_field(std::string_view key) const;
  [[nodiscard]] Schema* find_section(std::string_view key) const;
  /// Every key of this table.
  [[nodiscard]] std::vector<std::string> keys() const;
  /// Paths of all fields below that are called `key`.
  void collect_paths(std::string_view key, std::vector<std::string>& paths) const;
  [[nodiscard]] std::string path_of(std::string_view key) const;

  static Impl& of(const Schema& schema) { return *schema.impl_; }
};

}  // namespace kilonat::config
