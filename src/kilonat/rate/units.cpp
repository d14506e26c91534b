#include "kilonat/rate/units.h"

#include <numbers>

namespace kilonat::rate {

double kbps_from_nats(double nats_per_frame, double frame_rate_hz) {
  return nats_per_frame * frame_rate_hz / std::numbers::ln2 / 1000.0;
}

double nats_from_kbps(double kbps, double frame_rate_hz) {
  return 1000.0 * kbps * std::numbers::ln2 / frame_rate_hz;
}

double bits_from_nats(double nats) {
  return nats / std::numbers::ln2;
}

}  // namespace kilonat::rate
