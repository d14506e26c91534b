#pragma once
/// A random order that is the same on every platform.

#include <cstddef>
#include <span>
#include <utility>

#include "kilonat/base/seed_tree.h"

namespace kilonat {

/// Fisher-Yates: every order is equally likely. std::shuffle's draws are implementation-defined.
template <class T>
void shuffle(std::span<T> items, Rng& rng) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[rng.integer(i)]);
}

}  // namespace kilonat
