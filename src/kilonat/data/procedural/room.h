#pragma once
/// A large room, heard from its far end.

#include "kilonat/audio/buffer.h"
#include "kilonat/base/seed_tree.h"

namespace kilonat::data::procedural {

/// Replaces a sound by what is left of it at a distance: a low-passed direct part (about 1 kHz) and
/// the reverberation that follows it (t60 0.8 to 1.3 s). Several channels: their reverberation is
/// decorrelated.
///
/// Source: Jot and Chaigne, Digital Delay Networks for Designing Artificial Reverberators, 1991.
void put_far_away_(audio::AudioBuffer& audio, Rng& rng);

}  // namespace kilonat::data::procedural
