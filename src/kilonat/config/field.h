#pragma once
/// Internal to config: one field of a schema, and how its value is read, checked, printed.

#include <string>
#include <string_view>

#include <toml++/toml.h>

#include "kilonat/config/schema.h"

namespace kilonat::config {

struct Field {
  std::string key;
  std::string path;  ///< with its sections: "codec.encoder_channels"
  Binding binding;
  FieldDoc doc;
  std::string default_text;  ///< TOML of the value when it was listed
};

/// Checks `node` and stores it. `place` is "file:line". @throws ConfigError; then nothing is
/// stored.
void assign(const Field& field, const toml::node& node, std::string_view place);

/// The value as TOML.
[[nodiscard]] std::string value_as_toml(const Binding& binding);

/// "integer", "array of numbers" ...
[[nodiscard]] std::string type_name(const Binding& binding);

/// What the field's documentation allows: "0 to 1 s", "at least 1", "a, b or c"; empty: anything.
[[nodiscard]] std::string allowed_values(const FieldDoc& doc);

/// Text as a TOML basic string, quoted and escaped.
[[nodiscard]] std::string toml_string(std::string_view text);

}  // namespace kilonat::config
