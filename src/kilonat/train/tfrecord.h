#pragma once
/// TFRecords: the framing of TensorBoard's event files.

#include <cstdint>
#include <string>
#include <string_view>

namespace kilonat::train {

/// CRC-32C (Castagnoli) of the bytes.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes);
/// The same rotated and offset, as TFRecords store it.
[[nodiscard]] std::uint32_t masked_crc32c(std::string_view bytes);
/// One TFRecord around `data`.
[[nodiscard]] std::string tfrecord(std::string_view data);

}  // namespace kilonat::train
