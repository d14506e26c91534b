#pragma once
/// Seeds without global state: a tree of named seeds, and a small generator with a visible state.
///
/// Note [Why not std::mt19937 and std::normal_distribution]: the distributions of the standard
/// library are implementation-defined, and the Mersenne Twister's state is 2.5 kB. Everything here
/// gives the same numbers on every platform with IEEE doubles, and the state is four words.

#include <array>
#include <cstdint>
#include <string_view>

namespace kilonat {

/// A seed from which named or numbered child seeds are derived; equal paths give equal seeds.
///
/// `SeedTree(1).child("data").child(17)` depends on nothing but its path, so any batch can be drawn
/// without drawing those before it.
class SeedTree {
 public:
  explicit SeedTree(std::uint64_t seed) : seed_(seed) {}

  [[nodiscard]] SeedTree child(std::string_view name) const;
  [[nodiscard]] SeedTree child(std::uint64_t index) const;
  [[nodiscard]] std::uint64_t seed() const { return seed_; }

 private:
  std::uint64_t seed_;
};

/// xoshiro256++ (Blackman & Vigna 2019), seeded by splitmix64. Not thread-safe; cheap to copy.
class Rng {
 public:
  using State = std::array<std::uint64_t, 4>;

  explicit Rng(std::uint64_t seed);
  explicit Rng(const SeedTree& tree) : Rng(tree.seed()) {}

  /// 64 random bits.
  std::uint64_t bits();
  /// Uniform in [0, 1), 53 random bits.
  double uniform();
  /// Uniform in [low, high).
  double uniform(double low, double high);
  /// Standard normal (Box-Muller; two draws a call, nothing kept between calls).
  double normal();
  /// Uniform in {0, .., count - 1}, without modulo bias. REQUIRES: count > 0.
  std::uint64_t integer(std::uint64_t count);

  [[nodiscard]] State state() const { return state_; }
  /// REQUIRES: not all zero, that is, a value that `state()` returned.
  void set_state(const State& state) { state_ = state; }

 private:
  State state_;
};

}  // namespace kilonat
