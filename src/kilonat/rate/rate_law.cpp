#include "kilonat/rate/rate_law.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/rate/law.h"
#include "kilonat/rate/units.h"

namespace kilonat::rate {

namespace {

constexpr double kMostOutlier = 4.0;  // times the smoothed K

std::string rate_text(double nats, double frame_rate_hz) {
  return fmt::format(
      "{:.3f} kbit/s ({:.2f} nats a frame)", kbps_from_nats(nats, frame_rate_hz), nats);
}

// The words of a verdict.
std::string_view verdict_text(RateVerdict verdict) {
  switch (verdict) {
    case RateVerdict::kReached:
      return "rate reached";
    case RateVerdict::kBelow:
      return "rate not reached: still below; train longer";
    case RateVerdict::kAbove:
      return "rate not reached: still above; train longer";
    case RateVerdict::kNoMoreNats:
      return "rate not reached: beta is at its lower bound, the model gives no more nats";
    case RateVerdict::kWillNotGoLower:
      return "rate not reached: beta is at its upper bound, the rate will not go lower";
  }
  return "";
}

double finite_number(const nlohmann::json& state, const char* key) {
  const auto found = state.find(key);
  KILONAT_REQUIRE(found != state.end() && found->is_number(),
                  FormatError,
                  "restoring the rate law: no number '{}'",
                  key);
  return found->get<double>();
}

}  // namespace

void require_reachable(const RateLawOptions& options,
                       double frame_rate_hz,
                       std::int64_t latent_channels) {
  const double target_nats = nats_from_kbps(options.target_kbps, frame_rate_hz);
  const double most_nats = kMaxNatsPerChannel * static_cast<double>(latent_channels);
  KILONAT_REQUIRE(target_nats <= most_nats,
                  ConfigError,
                  "rate {} kbit/s: {:.1f} nats a frame at {:.4g} frames/s, but {} latent channels "
                  "carry at most {:.1f} ({:.4g} kbit/s); ask for less, or raise "
                  "codec.bottleneck.latent_channels",
                  options.target_kbps,
                  target_nats,
                  frame_rate_hz,
                  latent_channels,
                  most_nats,
                  kbps_from_nats(most_nats, frame_rate_hz));
}

RateLaw::RateLaw(RateLawOptions options, double frame_rate_hz, std::int64_t latent_channels)
    : options_(std::move(options)),
      frame_rate_hz_(frame_rate_hz),
      final_target_nats_(nats_from_kbps(options_.target_kbps, frame_rate_hz)),
      law_(make_law(options_)) {
  KILONAT_REQUIRE(options_.target_kbps > 0 && std::isfinite(options_.target_kbps),
                  ConfigError,
                  "rate {} kbit/s: expected more than 0",
                  options_.target_kbps);
  require_reachable(options_, frame_rate_hz, latent_channels);
  start_nats_ = options_.start_factor * final_target_nats_;
}

RateLaw::~RateLaw() = default;
RateLaw::RateLaw(RateLaw&&) noexcept = default;
RateLaw& RateLaw::operator=(RateLaw&&) noexcept = default;

RateTerm RateLaw::term(std::int64_t step, const RateObservation& observation) const {
  return law_->term(
      {.target_nats = target_nats(step), .observed = observation, .smoothed_nats = smoothed_nats_});
}

void RateLaw::update(std::int64_t step, const RateObservation& observation) {
  const double kl = observation.kl_nats_per_frame;
  if (!std::isfinite(kl) || !std::isfinite(observation.matched_nats_per_frame)) return;
  if (start_nats_ <= 0) start_nats_ = std::max(kl, final_target_nats_);
  // See Note [A target that moves].
  if (step > 0) smoothed_nats_ *= target_nats(step) / target_nats(step - 1);
  const double keep = smoothed_nats_ > 0 ? options_.smoothing : 0.0;
  // One excerpt with an outlier of a posterior must not throw the law off course.
  const double limited = smoothed_nats_ > 0 ? std::min(kl, kMostOutlier * smoothed_nats_) : kl;
  smoothed_nats_ = keep * smoothed_nats_ + (1.0 - keep) * limited;
  law_->update({.target_nats = target_nats(step),
                .observed = observation,
                .smoothed_nats = smoothed_nats_,
                .target_change_nats = target_nats(step + 1) - target_nats(step)});
}

double RateLaw::target_nats(std::int64_t step) const {
  if (step >= options_.warmup_steps || start_nats_ <= 0) return final_target_nats_;
  // Geometric: the same relative fall each step, since laws see relative errors.
  const double share = static_cast<double>(step) / static_cast<double>(options_.warmup_steps);
  return start_nats_ * std::pow(final_target_nats_ / start_nats_, share);
}

double RateLaw::beta() const {
  return law_->beta();
}

double RateLaw::spread_contraction() const {
  return law_->spread_contraction();
}

RateReport RateLaw::report(double relative_tolerance) const {
  return report_on(smoothed_nats_, relative_tolerance);
}

RateReport RateLaw::report_on(double nats, double relative_tolerance) const {
  RateReport report;
  if (options_.law == "fixed") {
    report.text = fmt::format("rate, under a fixed beta: {}", rate_text(nats, frame_rate_hz_));
    return report;
  }
  const double error = nats / final_target_nats_ - 1.0;
  const bool is_capped = options_.law == "penalty_hinge" && error < 0;  // which may stay below
  if (std::abs(error) <= relative_tolerance || is_capped) {
    report.verdict = RateVerdict::kReached;
  } else if (error < 0) {
    report.verdict =
        law_->bound() == LawBound::kLower ? RateVerdict::kNoMoreNats : RateVerdict::kBelow;
  } else {
    report.verdict =
        law_->bound() == LawBound::kUpper ? RateVerdict::kWillNotGoLower : RateVerdict::kAbove;
  }
  report.text = fmt::format("{}: {} of {}, {:+.1f} %",
                            verdict_text(report.verdict),
                            rate_text(nats, frame_rate_hz_),
                            rate_text(final_target_nats_, frame_rate_hz_),
                            100.0 * error);
  return report;
}

nlohmann::json RateLaw::state() const {
  return {{"law", options_.law},
          {"start_nats", start_nats_},
          {"smoothed_nats", smoothed_nats_},
          {"law_state", law_->state()}};
}

void RateLaw::restore(const nlohmann::json& state) {
  KILONAT_REQUIRE(state.is_object() && state.value("law", "") == options_.law,
                  FormatError,
                  "restoring the rate law: the state is not of law '{}'",
                  options_.law);
  const double start_nats = finite_number(state, "start_nats");
  const double smoothed_nats = finite_number(state, "smoothed_nats");
  law_->restore(state.value("law_state", nlohmann::json::object()));
  start_nats_ = start_nats;
  smoothed_nats_ = smoothed_nats;
}

}  // namespace kilonat::rate
