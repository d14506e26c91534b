#pragma once
/// The results as a table for spreadsheets and scripts.

#include <filesystem>
#include <string>

#include "kilonat/study/results.h"

namespace kilonat::study {

/// One row a point, in the order of the results, after a row of names. RFC 4180: commas, fields
/// quoted where they must be, CRLF. A figure that was not measured is an empty field. Numbers have
/// as many digits as give the same double again.
///
/// Columns: id, family, label, status, why, seed, steps, config_hash, target_kbps, the rates of
/// kRateNames, each distance of the results, then the latent figures; nats_per_channel is one
/// field, its values apart by spaces.
[[nodiscard]] std::string results_csv(const Results& results);

/// Appears complete or not at all. @throws IoError.
void save_results_csv(const std::filesystem::path& path, const Results& results);

}  // namespace kilonat::study
