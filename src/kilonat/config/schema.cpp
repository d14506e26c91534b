#include "kilonat/config/schema.h"

#include <algorithm>

#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/config/field.h"
#include "kilonat/config/schema_impl.h"

namespace kilonat::config {

namespace {

constexpr std::string_view kBareKeyLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

void require_new_key(const Schema::Impl& impl, const std::string& key) {
  const bool is_bare = !key.empty() && key.find_first_not_of(kBareKeyLetters) == std::string::npos;
  const auto keys = impl.keys();
  const bool is_new = std::find(keys.begin(), keys.end(), key) == keys.end();
  KILONAT_REQUIRE(is_bare && is_new && key != "extends",
                  InternalError,
                  "describing the config: key '{}' is not a bare key, reserved or listed twice",
                  impl.path_of(key));
}

}  // namespace

const Field* Schema::Impl::find_field(std::string_view key) const {
  for (const Field& field : fields) {
    if (field.key == key) return &field;
  }
  return nullptr;
}

Schema* Schema::Impl::find_section(std::string_view key) const {
  for (const Section& section : sections) {
    if (section.key == key) return section.schema.get();
  }
  return nullptr;
}

std::vector<std::string> Schema::Impl::keys() const {
  std::vector<std::string> result;
  for (const Field& field : fields) result.push_back(field.key);
  for (const Section& section : sections) result.push_back(section.key);
  return result;
}

void Schema::Impl::collect_paths(std::string_view key, std::vector<std::string>& paths) const {
  if (find_field(key) != nullptr) paths.push_back(path_of(key));
  for (const Section& section : sections) of(*section.schema).collect_paths(key, paths);
}

std::string Schema::Impl::path_of(std::string_view key) const {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

Schema::Schema() : impl_(std::make_unique<Impl>()) {}
Schema::~Schema() = default;

Schema& Schema::add_field(std::string key, Binding binding, FieldDoc doc) {
  require_new_key(*impl_, key);
  std::string path = impl_->path_of(key);
  std::string default_text = value_as_toml(binding);
  impl_->fields.push_back(
      {std::move(key), std::move(path), std::move(binding), std::move(doc), default_text});
  return *this;
}

Schema& Schema::add_section(std::string key, std::string doc) {
  require_new_key(*impl_, key);
  auto schema = std::make_unique<Schema>();
  schema->impl_->path = impl_->path_of(key);
  schema->impl_->doc = std::move(doc);
  impl_->sections.push_back({std::move(key), std::move(schema)});
  return *impl_->sections.back().schema;
}

}  // namespace kilonat::config
