#include "kilonat/text/sentence_pieces.h"

#include <dlfcn.h>
#include <new>
#include <sentencepiece_processor.h>
#include <span>

#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/text/character_map.h"

namespace kilonat::text {

namespace {

using sentencepiece::SentencePieceProcessor;

/// Makes a processor in the given memory, as its default constructor.
using Construct = void (*)(void*);

/// Note [Two protobufs]: Debian's libsentencepiece carries a protobuf of its own and exports it
/// under the same names as the other one under libtorch. Linked into one program, either calls the
/// other's functions and the program dies, whatever the order. So it is opened when first needed,
/// looks up its own names first (RTLD_DEEPBIND) and shows them to nobody (RTLD_LOCAL). All calls
/// but the constructor go through virtual functions that the header does not define (those it does
/// would be inlined, and need more names), so no other name has to be looked up.
Construct open_library() {
  void* library = dlopen(KILONAT_SENTENCEPIECE, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
  KILONAT_REQUIRE(library != nullptr,
                  ConfigError,
                  "opening {} for T5's tokenizer: {}; install libsentencepiece",
                  KILONAT_SENTENCEPIECE,
                  dlerror());
  constexpr const char* kConstructor = "_ZN13sentencepiece22SentencePieceProcessorC1Ev";
  void* constructor = dlsym(library, kConstructor);
  KILONAT_REQUIRE(constructor != nullptr,
                  ConfigError,
                  "opening {} for T5's tokenizer: it has no {}; install the version that this "
                  "program was built with",
                  KILONAT_SENTENCEPIECE,
                  kConstructor);
  return reinterpret_cast<Construct>(constructor);
}

std::unique_ptr<SentencePieceProcessor> make_processor() {
  static const Construct construct = open_library();
  void* memory = ::operator new(sizeof(SentencePieceProcessor));
  construct(memory);
  return std::unique_ptr<SentencePieceProcessor>(static_cast<SentencePieceProcessor*>(memory));
}

/// True if the call returned the status "ok".
///
/// Status has no virtual functions, so its destructor cannot be called. What it owns is leaked: a
/// line of text, and only after an error.
template <class Call>
bool is_ok(Call call) {
  using sentencepiece::util::Status;
  alignas(Status) std::byte memory[sizeof(Status)];
  return (new (memory) Status(call()))->ok();
}

void require_ok(bool ok, const char* doing) {
  KILONAT_REQUIRE(ok, FormatError, "{}: libsentencepiece failed: its model is damaged", doing);
}

}  // namespace

class SentencePieces::Library {
 public:
  std::unique_ptr<SentencePieceProcessor> processor = make_processor();
};

SentencePieces::SentencePieces(const std::filesystem::path& path)
    : library_(std::make_unique<Library>()) {
  const std::string bytes = read_text(path);
  check_character_maps(std::as_bytes(std::span(bytes)), fmt::format("'{}'", path.string()));
  KILONAT_REQUIRE(is_ok([&] { return library_->processor->LoadFromSerializedProto(bytes); }),
                  FormatError,
                  "reading '{}': it is not a SentencePiece model, or it is damaged",
                  path.string());
  KILONAT_REQUIRE(end_id() >= 0,
                  FormatError,
                  "reading '{}': it has no end-of-text token; T5's models have one",
                  path.string());
}

SentencePieces::~SentencePieces() = default;
SentencePieces::SentencePieces(SentencePieces&&) noexcept = default;
SentencePieces& SentencePieces::operator=(SentencePieces&&) noexcept = default;

std::vector<std::int64_t> SentencePieces::ids(std::string_view text) const {
  std::vector<int> ids;
  require_ok(is_ok([&] { return library_->processor->Encode(text, &ids); }), "cutting a text");
  return {ids.begin(), ids.end()};
}

std::int64_t SentencePieces::size() const {
  return library_->processor->GetPieceSize();
}

std::int64_t SentencePieces::end_id() const {
  return library_->processor->eos_id();
}

}  // namespace kilonat::text
