#include "kilonat/tensor/safetensors_header.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/printable.h"

namespace kilonat::tensor {

namespace {

using nlohmann::json;

struct TypeEntry {
  StoredType type;
  std::string_view name;
  int bytes;
};

constexpr std::array<TypeEntry, 10> kTypes{{{StoredType::kF64, "F64", 8},
                                            {StoredType::kF32, "F32", 4},
                                            {StoredType::kF16, "F16", 2},
                                            {StoredType::kBF16, "BF16", 2},
                                            {StoredType::kI64, "I64", 8},
                                            {StoredType::kI32, "I32", 4},
                                            {StoredType::kI16, "I16", 2},
                                            {StoredType::kI8, "I8", 1},
                                            {StoredType::kU8, "U8", 1},
                                            {StoredType::kBool, "BOOL", 1}}};

const TypeEntry& entry(StoredType type) {
  return *std::find_if(
      kTypes.begin(), kTypes.end(), [&](const TypeEntry& e) { return e.type == type; });
}

/// The JSON as a value; a name that comes twice is an error, which the parser alone would not see.
json parse_json(std::string_view text, const std::string& what) {
  std::set<std::string> names;
  std::string doubled;
  const auto watch = [&](int depth, json::parse_event_t event, json& value) {
    if (depth == 1 && event == json::parse_event_t::key) {
      const auto name = value.get<std::string>();
      if (!names.insert(name).second) doubled = name;
    }
    return true;
  };
  json root = json::parse(text, watch, /*allow_exceptions=*/false);
  KILONAT_REQUIRE(root.is_object(),
                  FormatError,
                  "reading {}: its header is not a JSON object; is it a safetensors file?",
                  what);
  KILONAT_REQUIRE(doubled.empty(),
                  FormatError,
                  "reading {}: tensor '{}' is listed twice",
                  what,
                  printable(doubled));
  return root;
}

std::uint64_t unsigned_number(const json& value, const std::string& place) {
  KILONAT_REQUIRE(value.is_number_unsigned() &&
                      value.get<std::uint64_t>() <=
                          static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()),
                  FormatError,
                  "{}: expected whole numbers from 0, found {}",
                  place,
                  value.dump(-1, ' ', true, json::error_handler_t::replace).substr(0, 40));
  return value.get<std::uint64_t>();
}

StoredType stored_type(const json& value, const std::string& place) {
  const std::string name = value.is_string() ? value.get<std::string>() : "none";
  const auto* found = std::find_if(
      kTypes.begin(), kTypes.end(), [&](const TypeEntry& e) { return e.name == name; });
  KILONAT_REQUIRE(
      found != kTypes.end(), FormatError, "{}: type '{}' is not known", place, printable(name));
  return found->type;
}

/// Bytes of a tensor of this shape. @throws FormatError on overflow.
std::uint64_t num_bytes(const StoredTensor& tensor, const std::string& place) {
  auto total = static_cast<std::uint64_t>(stored_type_bytes(tensor.type));
  for (const std::int64_t size : tensor.shape) {
    const auto factor = static_cast<std::uint64_t>(size);
    KILONAT_REQUIRE(factor == 0 || total <= std::numeric_limits<std::int64_t>::max() / factor,
                    FormatError,
                    "{}: its shape is absurdly large",
                    place);
    total *= factor;
  }
  return total;
}

StoredTensor stored_tensor(const json& value, std::uint64_t num_data_bytes, std::string place) {
  KILONAT_REQUIRE(value.is_object() && value.contains("dtype") && value.contains("shape") &&
                      value.contains("data_offsets"),
                  FormatError,
                  "{}: expected dtype, shape and data_offsets",
                  place);
  StoredTensor tensor;
  tensor.type = stored_type(value["dtype"], place);
  KILONAT_REQUIRE(value["shape"].is_array() && value["shape"].size() <= 64,
                  FormatError,
                  "{}: its shape is not a short list of numbers",
                  place);
  for (const json& size : value["shape"]) {
    tensor.shape.push_back(static_cast<std::int64_t>(unsigned_number(size, place)));
  }
  const json& offsets = value["data_offsets"];
  KILONAT_REQUIRE(offsets.is_array() && offsets.size() == 2,
                  FormatError,
                  "{}: data_offsets is not a pair of numbers",
                  place);
  tensor.begin = unsigned_number(offsets[0], place);
  tensor.end = unsigned_number(offsets[1], place);
  KILONAT_REQUIRE(tensor.begin <= tensor.end && tensor.end <= num_data_bytes,
                  FormatError,
                  "{}: its bytes {}..{} lie outside the {} in the file; is it truncated?",
                  place,
                  tensor.begin,
                  tensor.end,
                  num_data_bytes);
  const std::uint64_t expected = num_bytes(tensor, place);
  KILONAT_REQUIRE(tensor.end - tensor.begin == expected,
                  FormatError,
                  "{}: found {} bytes, expected {} for its shape and type",
                  place,
                  tensor.end - tensor.begin,
                  expected);
  return tensor;
}

/// The tensors must fill the data without gap or overlap, as the format demands.
void check_layout(const SafetensorsHeader& header,
                  std::uint64_t num_data_bytes,
                  const std::string& what) {
  std::vector<std::pair<const std::string*, const StoredTensor*>> order;
  for (const auto& [name, tensor] : header.tensors) order.emplace_back(&name, &tensor);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second->begin, a.second->end) < std::pair(b.second->begin, b.second->end);
  });
  std::uint64_t position = 0;
  for (const auto& [name, tensor] : order) {
    KILONAT_REQUIRE(tensor->begin == position,
                    FormatError,
                    "reading {}: tensor '{}' starts at byte {}, expected {}: tensors {}",
                    what,
                    printable(*name),
                    tensor->begin,
                    position,
                    tensor->begin < position ? "overlap" : "leave a gap");
    position = tensor->end;
  }
  KILONAT_REQUIRE(position == num_data_bytes,
                  FormatError,
                  "reading {}: {} bytes at its end belong to no tensor",
                  what,
                  num_data_bytes - position);
}

}  // namespace

int stored_type_bytes(StoredType type) {
  return entry(type).bytes;
}

std::string_view stored_type_name(StoredType type) {
  return entry(type).name;
}

SafetensorsHeader parse_safetensors_header(std::string_view json_text,
                                           std::uint64_t num_data_bytes,
                                           const std::string& what) {
  const json root = parse_json(json_text, what);
  SafetensorsHeader header;
  for (const auto& [name, value] : root.items()) {
    if (name != "__metadata__") {
      header.tensors[name] = stored_tensor(
          value, num_data_bytes, fmt::format("reading {}: tensor '{}'", what, printable(name)));
      continue;
    }
    KILONAT_REQUIRE(
        value.is_object(), FormatError, "reading {}: its metadata is not a JSON object", what);
    for (const auto& [key, text] : value.items()) {
      KILONAT_REQUIRE(text.is_string(),
                      FormatError,
                      "reading {}: metadata '{}' is not a text",
                      what,
                      printable(key));
      header.metadata[key] = text.get<std::string>();
    }
  }
  check_layout(header, num_data_bytes, what);
  return header;
}

}  // namespace kilonat::tensor
