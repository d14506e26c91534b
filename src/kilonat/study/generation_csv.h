#pragma once
/// The points of a generation study as a table: one row a point, for spreadsheets and scripts.

#include <filesystem>
#include <string>

#include "kilonat/study/generation_results.h"

namespace kilonat::study {

/// RFC 4180, header first. Columns: id, codec_point, status, why, target_kbps, the four rates,
/// seed, steps, guidance, sampler, sampler_steps, eta; for each metric its value, `_low`, `_high`
/// and `_reconstruction`; the predictability measures. A figure that is not there is empty.
[[nodiscard]] std::string generation_csv(const GenerationResults& results);

/// Appears complete or not at all. @throws IoError.
void save_generation_csv(const std::filesystem::path& path, const GenerationResults& results);

}  // namespace kilonat::study
