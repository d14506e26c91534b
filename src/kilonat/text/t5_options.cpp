#include "kilonat/text/t5_options.h"

#include <cmath>

#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/printable.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::text {

namespace {

using nlohmann::json;

/// Limits that keep the arithmetic of positions sane.
constexpr std::int64_t kMinBuckets = 4;
constexpr std::int64_t kMaxDistanceLimit = 1 << 20;

/// Shapes by name, with errors that say what was expected.
class Shapes {
 public:
  Shapes(const codec::ShapeMap& shapes, const std::string& what) : shapes_(shapes), what_(what) {}

  [[nodiscard]] bool has(const std::string& name) const { return shapes_.contains(name); }

  /// Rows and columns of a matrix.
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> matrix(const std::string& name) const {
    const auto found = shapes_.find(name);
    KILONAT_REQUIRE(found != shapes_.end(),
                    FormatError,
                    "reading {}: no tensor '{}'; expected a T5 encoder's",
                    what_,
                    name);
    const std::vector<std::int64_t>& shape = found->second;
    KILONAT_REQUIRE(shape.size() == 2 && shape[0] > 0 && shape[1] > 0,
                    FormatError,
                    "reading {}: '{}' is {}, expected a matrix",
                    what_,
                    name,
                    tensor::shape_text(shape));
    return {shape[0], shape[1]};
  }

 private:
  const codec::ShapeMap& shapes_;
  const std::string& what_;
};

std::string block(std::int64_t index) {
  return fmt::format("encoder.block.{}.", index);
}

const char* const kAttention = "layer.0.SelfAttention.";
const char* const kFeedForward = "layer.1.DenseReluDense.";

std::int64_t count_layers(const Shapes& shapes) {
  std::int64_t count = 0;
  while (shapes.has(block(count) + kAttention + "q.weight")) ++count;
  return count;
}

T5Options options_from_shapes(const Shapes& shapes, const std::string& what) {
  T5Options options;
  T5StackOptions& stack = options.stack;
  const bool has_shared = shapes.has("shared.weight");
  std::tie(options.vocabulary_size, stack.width) =
      shapes.matrix(has_shared ? "shared.weight" : "encoder.embed_tokens.weight");
  const std::int64_t inner = shapes.matrix(block(0) + kAttention + "q.weight").first;
  std::tie(stack.num_buckets, stack.num_heads) =
      shapes.matrix(block(0) + kAttention + "relative_attention_bias.weight");
  KILONAT_REQUIRE(inner % stack.num_heads == 0,
                  FormatError,
                  "reading {}: its attention is {} wide, which {} heads do not divide",
                  what,
                  inner,
                  stack.num_heads);
  KILONAT_REQUIRE(stack.num_buckets >= kMinBuckets && stack.num_buckets % 4 == 0,
                  FormatError,
                  "reading {}: it has {} buckets of distances, expected a multiple of 4",
                  what,
                  stack.num_buckets);
  // Note [UMT5]: it looks like T5 but for a table of distances in every layer.
  KILONAT_REQUIRE(!shapes.has(block(1) + kAttention + "relative_attention_bias.weight"),
                  FormatError,
                  "reading {}: every layer has its own table of distances: it is a UMT5, expected "
                  "a T5",
                  what);
  stack.head_width = inner / stack.num_heads;
  stack.num_layers = count_layers(shapes);
  stack.is_gated = shapes.has(block(0) + kFeedForward + "wi_0.weight");
  stack.ff_width =
      shapes.matrix(block(0) + kFeedForward + (stack.is_gated ? "wi_0.weight" : "wi.weight")).first;
  return options;
}

/// Reads config.json with errors of one line.
class Config {
 public:
  Config(const json& values, const std::string& what) : values_(values), what_(what) {
    KILONAT_REQUIRE(
        values.is_object(), FormatError, "reading the config of {}: it is no JSON object", what_);
  }

  [[nodiscard]] std::string text(const char* key, const std::string& default_value) const {
    const auto found = values_.find(key);
    if (found == values_.end() || found->is_null()) return default_value;
    KILONAT_REQUIRE(found->is_string(), FormatError, "{} is no text", place(key));
    return found->get<std::string>();
  }

  [[nodiscard]] double number(const char* key, double default_value) const {
    const auto found = values_.find(key);
    if (found == values_.end() || found->is_null()) return default_value;
    KILONAT_REQUIRE(found->is_number(), FormatError, "{} is no number", place(key));
    return found->get<double>();
  }

  void require_same(const char* key, std::int64_t value) const {
    const double said = number(key, static_cast<double>(value));
    KILONAT_REQUIRE(said == static_cast<double>(value),
                    FormatError,
                    "{} is {}, but the weights' shapes say {}",
                    place(key),
                    said,
                    value);
  }

  [[nodiscard]] std::string place(const char* key) const {
    return fmt::format("reading the config of {}: '{}'", what_, key);
  }

 private:
  const json& values_;
  const std::string& what_;
};

void require_t5(const Config& config, const T5StackOptions& stack) {
  const std::string type = config.text("model_type", "t5");
  KILONAT_REQUIRE(type == "t5" || type == "mt5",
                  FormatError,
                  "{} is '{}', expected 't5'",
                  config.place("model_type"),
                  printable(type));
  const std::string expected = stack.is_gated ? "gated-gelu" : "relu";
  const std::string form = config.text("feed_forward_proj", expected);
  KILONAT_REQUIRE(form == expected,
                  FormatError,
                  "{} is '{}'; with these weights only '{}' is known",
                  config.place("feed_forward_proj"),
                  printable(form),
                  expected);
}

void apply_config(const Config& config, T5StackOptions& stack) {
  require_t5(config, stack);
  config.require_same("d_model", stack.width);
  config.require_same("d_kv", stack.head_width);
  config.require_same("d_ff", stack.ff_width);
  config.require_same("num_layers", stack.num_layers);
  config.require_same("num_heads", stack.num_heads);
  config.require_same("relative_attention_num_buckets", stack.num_buckets);

  const double distance =
      config.number("relative_attention_max_distance", static_cast<double>(stack.max_distance));
  KILONAT_REQUIRE(
      distance >= 1 && distance <= kMaxDistanceLimit && distance == std::floor(distance),
      FormatError,
      "{} is {}, expected a whole number up to {}",
      config.place("relative_attention_max_distance"),
      distance,
      kMaxDistanceLimit);
  stack.max_distance = static_cast<std::int64_t>(distance);

  stack.epsilon = config.number("layer_norm_epsilon", stack.epsilon);
  KILONAT_REQUIRE(stack.epsilon > 0 && stack.epsilon < 1,
                  FormatError,
                  "{} is {}, expected a small positive number",
                  config.place("layer_norm_epsilon"),
                  stack.epsilon);
}

}  // namespace

T5Options infer_t5_options(const codec::ShapeMap& shapes,
                           const std::optional<json>& config,
                           const std::string& what) {
  T5Options options = options_from_shapes(Shapes(shapes, what), what);
  if (config) apply_config(Config(*config, what), options.stack);
  KILONAT_REQUIRE(options.stack.max_distance > options.stack.num_buckets / 4,
                  FormatError,
                  "reading {}: distances up to {} tokens do not fill {} buckets",
                  what,
                  options.stack.max_distance,
                  options.stack.num_buckets);
  return options;
}

}  // namespace kilonat::text
