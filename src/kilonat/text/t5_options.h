#pragma once
/// What a T5 encoder is made of, found out from its weights.

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "kilonat/codec/import/checkpoint.h"
#include "kilonat/text/t5_stack.h"

namespace kilonat::text {

struct T5Options {
  std::int64_t vocabulary_size = 32128;  ///< rows of the table; may exceed the tokenizer's ids
  T5StackOptions stack{};
};

/// Reads the sizes off the shapes of the official weights ("shared.weight" or
/// "encoder.embed_tokens.weight", "encoder.block.0. .."); other names are overlooked.
///
/// @param config  config.json, where there is one: for what no shape says (max_distance, epsilon);
///                the rest of it must agree with the shapes.
/// @param what    names the source in errors.
/// @throws FormatError if tensors are missing or do not fit each other, or if it is no T5.
[[nodiscard]] T5Options infer_t5_options(const codec::ShapeMap& shapes,
                                         const std::optional<nlohmann::json>& config,
                                         const std::string& what);

}  // namespace kilonat::text
