#pragma once
/// A generator so small that a few training steps take a second.

namespace kilonat::integration {

/// Its sections [transformer], [words] and [batches]; what follows is [run].
inline constexpr const char* kSmallGenerator = R"([transformer]
width = 32
depth = 1
heads = 2

[words]
width = 16
layers = 1
heads = 2
trigram_buckets = 32

[batches]
batch_size = 4

[run]
)";

}  // namespace kilonat::integration
