#pragma once
/// What happens when a batch gives a loss or gradient that is not finite.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace kilonat::train {

/// Counts bad batches; too many too close together end the run.
///
/// Each bad batch adds 1 to a score, each good one takes 0.1 off: a run survives rare accidents for
/// ever, but not weights that are broken for good, nor one batch in ten.
class NonFiniteGuard {
 public:
  /// @param limit  score at which the run ends; >= 1.
  explicit NonFiniteGuard(std::int64_t limit) : limit_(limit) {}

  void count_good();
  /// @param what  what was not finite, for example "loss rec/mel".
  /// @returns  the line for the log, which names the batch's clips.
  /// @throws NumericError once the score reaches the limit.
  std::string count_bad(std::int64_t step, std::string_view what, std::span<const std::string> ids);

  [[nodiscard]] std::int64_t num_skipped() const { return num_skipped_; }
  [[nodiscard]] nlohmann::json state() const;
  void restore(const nlohmann::json& state);

 private:
  std::int64_t limit_;
  std::int64_t num_skipped_ = 0;
  std::int64_t tenths_ = 0;  // the score times ten, exact
};

}  // namespace kilonat::train
