#pragma once
/// A check that a SentencePiece model can be used without reading wild. No torch.

#include <cstddef>
#include <span>
#include <string>

namespace kilonat::text {

/// Looks at the tables of characters in a SentencePiece model, if it has any.
///
/// Note [Tables of characters]: what characters become before a text is cut (full-width to plain
/// letters and so on) is a double array, a trie whose nodes lead to each other by numbers.
/// libsentencepiece follows them unchecked, so one damaged byte of a file can end the program. Here
/// every number that a walk could follow is compared with the table's size.
///
/// Source: google/sentencepiece, src/sentencepiece_model.proto (normalizer_spec,
/// precompiled_charsmap), src/normalizer.cc (DecodePrecompiledCharsMap), Darts-clone's unit.
/// @throws FormatError if a table is damaged, or the file is no protobuf message.
void check_character_maps(std::span<const std::byte> model, const std::string& what);

}  // namespace kilonat::text
