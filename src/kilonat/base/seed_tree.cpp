#include "kilonat/base/seed_tree.h"

#include <bit>
#include <cmath>
#include <numbers>

#include "kilonat/base/hash.h"

namespace kilonat {

namespace {

// Keeps numbered children apart from named ones.
constexpr std::uint64_t kIndexSalt = 0x6b696c6f6e617421ULL;

// splitmix64 (Steele, Lea & Flood 2014): the next state and its output.
std::uint64_t splitmix64(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t state = a;
  state = splitmix64(state) ^ b;
  return splitmix64(state);
}

}  // namespace

SeedTree SeedTree::child(std::string_view name) const {
  return SeedTree(mix(seed_, fnv1a_64(name)));
}

SeedTree SeedTree::child(std::uint64_t index) const {
  return SeedTree(mix(seed_ ^ kIndexSalt, index));
}

Rng::Rng(std::uint64_t seed) : state_{} {
  for (std::uint64_t& word : state_) word = splitmix64(seed);
}

std::uint64_t Rng::bits() {
  auto& s = state_;
  const std::uint64_t result = std::rotl(s[0] + s[3], 23) + s[0];
  const std::uint64_t t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = std::rotl(s[3], 45);
  return result;
}

double Rng::uniform() {
  return static_cast<double>(bits() >> 11) * 0x1.0p-53;
}

double Rng::uniform(double low, double high) {
  return low + (high - low) * uniform();
}

double Rng::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));  // 1 - u is in (0, 1]
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

std::uint64_t Rng::integer(std::uint64_t count) {
  // Draws below 2^64 mod count are rejected: what is left is a whole number of blocks.
  const std::uint64_t threshold = (0 - count) % count;
  while (true) {
    const std::uint64_t draw = bits();
    if (draw >= threshold) return draw % count;
  }
}

}  // namespace kilonat
