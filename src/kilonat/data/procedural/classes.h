#pragma once
/// The classes of procedural sounds: one file each, and one line in the table below.
///
/// What the words of the captions mean, in numbers: docs/data.md, and the test measures it.

#include <functional>
#include <span>
#include <string>

#include "kilonat/base/seed_tree.h"
#include "kilonat/data/procedural/scene.h"

namespace kilonat::data::procedural {

/// A clip, decided but not yet made.
struct Sketch {
  std::string caption;
  /// Puts the sound into the scene. REQUIRES: a scene of the duration that it was sketched for.
  std::function<void(Scene&, Rng&)> render;
  bool is_far = false;
};

/// Draws a clip's parameters. @param duration_s  of the clip, at least 1.5: events must fit in.
using SketchFunction = Sketch (*)(Rng& rng, double duration_s);

struct SoundClass {
  std::string name;
  SketchFunction sketch;
};

// The table: X(name) declares the function `name` and lists it under that name.
#define KILONAT_SOUND_CLASSES(X) \
  X(bell)                        \
  X(bird)                        \
  X(bubbles)                     \
  X(engine)                      \
  X(footsteps)                   \
  X(hihat)                       \
  X(kick)                        \
  X(pad)                         \
  X(pluck)                       \
  X(rain)                        \
  X(siren)                       \
  X(snare)                       \
  X(voice)                       \
  X(wind)

#define KILONAT_DECLARE_SOUND_CLASS(name) Sketch name(Rng& rng, double duration_s);
KILONAT_SOUND_CLASSES(KILONAT_DECLARE_SOUND_CLASS)
#undef KILONAT_DECLARE_SOUND_CLASS

/// All classes, by name.
[[nodiscard]] std::span<const SoundClass> sound_classes();

}  // namespace kilonat::data::procedural
