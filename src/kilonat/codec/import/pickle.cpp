#include "kilonat/codec/import/pickle.h"

#include <array>
#include <bit>
#include <string_view>
#include <unordered_map>

#include <fmt/format.h>

#include "kilonat/base/byte_reader.h"
#include "kilonat/base/errors.h"

namespace kilonat::codec {

namespace {

using Kind = PickleValue::Kind;

constexpr std::string_view kOrderedDict = "collections.OrderedDict";
constexpr std::string_view kRebuildTensor = "torch._utils._rebuild_tensor_v2";
constexpr std::string_view kRebuildParameter = "torch._utils._rebuild_parameter";

struct StorageName {
  std::string_view name;
  StorageType type;
};
constexpr std::array<StorageName, 10> kStorages{{{"torch.FloatStorage", StorageType::kF32},
                                                 {"torch.DoubleStorage", StorageType::kF64},
                                                 {"torch.HalfStorage", StorageType::kF16},
                                                 {"torch.BFloat16Storage", StorageType::kBF16},
                                                 {"torch.LongStorage", StorageType::kI64},
                                                 {"torch.IntStorage", StorageType::kI32},
                                                 {"torch.ShortStorage", StorageType::kI16},
                                                 {"torch.CharStorage", StorageType::kI8},
                                                 {"torch.ByteStorage", StorageType::kU8},
                                                 {"torch.BoolStorage", StorageType::kBool}}};

const StorageName* find_storage(std::string_view name) {
  for (const StorageName& storage : kStorages) {
    if (storage.name == name) return &storage;
  }
  return nullptr;
}

bool is_allowed(std::string_view name) {
  return name == kOrderedDict || name == kRebuildTensor || name == kRebuildParameter ||
         find_storage(name) != nullptr;
}

/// A name from the file, fit for one line of an error message.
std::string printable(std::string_view text) {
  constexpr size_t kMaxShown = 60;
  std::string shown;
  for (const char c : text.substr(0, kMaxShown)) {
    shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  return shown;
}

}  // namespace

/// The stack machine that a pickle is a program for, without the instructions that could do harm.
class Unpickler {
 public:
  Unpickler(std::span<const std::byte> bytes, const std::string& what)
      : reader_(bytes, what), what_(what) {}

  PickleTree run() {
    while (true) {
      const std::uint8_t opcode = reader_.u8();
      if (opcode == '.') break;
      execute(opcode);
    }
    tree_.root_ = pop();
    return std::move(tree_);
  }

 private:
  [[noreturn]] void fail(const std::string& text) const {
    throw FormatError(fmt::format("reading {}: {}", what_, text));
  }

  PickleValue* make(Kind kind) {
    tree_.values_.emplace_back();
    tree_.values_.back().kind = kind;
    return &tree_.values_.back();
  }
  void push(PickleValue* value) { stack_.push_back(value); }
  void push_int(std::int64_t value) {
    push(make(Kind::kInt));
    stack_.back()->integer = value;
  }
  void push_bool(bool value) {
    push(make(Kind::kBool));
    stack_.back()->boolean = value;
  }
  void push_text(std::uint64_t num_bytes) {
    const std::string_view text = reader_.text(num_bytes);
    push(make(Kind::kText));
    stack_.back()->text = text;
  }

  PickleValue* top() {
    if (stack_.empty() || stack_.back()->kind == Kind::kMark) fail("its pickle is corrupt");
    return stack_.back();
  }
  PickleValue* pop() {
    PickleValue* value = top();
    stack_.pop_back();
    return value;
  }
  PickleValue* pop(Kind kind) {
    PickleValue* value = pop();
    if (value->kind != kind) fail("its pickle is corrupt: an object is not of the expected type");
    return value;
  }
  PickleValue* top(Kind kind) {
    PickleValue* value = top();
    if (value->kind != kind) fail("its pickle is corrupt: an object is not of the expected type");
    return value;
  }
  /// Everything above the last mark; the mark goes too.
  std::vector<PickleValue*> pop_to_mark() {
    size_t mark = stack_.size();
    while (mark > 0 && stack_[mark - 1]->kind != Kind::kMark) --mark;
    if (mark == 0) fail("its pickle is corrupt: a mark is missing");
    std::vector<PickleValue*> values(stack_.begin() + static_cast<std::ptrdiff_t>(mark),
                                     stack_.end());
    stack_.resize(mark - 1);
    return values;
  }
  std::vector<PickleValue*> pop_count(int count) {
    std::vector<PickleValue*> values(static_cast<size_t>(count));
    for (int i = count; i-- > 0;) values[static_cast<size_t>(i)] = pop();
    return values;
  }

  void push_tuple(std::vector<PickleValue*> items) {
    push(make(Kind::kTuple));
    stack_.back()->items = std::move(items);
  }
  void put(std::uint64_t index) { memo_[index] = top(); }
  void get(std::uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) fail("its pickle is corrupt: it refers to nothing");
    push(found->second);
  }
  void append(std::vector<PickleValue*> items) {
    std::vector<PickleValue*>& list = top(Kind::kList)->items;
    list.insert(list.end(), items.begin(), items.end());
  }
  void set_items(const std::vector<PickleValue*>& items) {
    if (items.size() % 2 != 0) fail("its pickle is corrupt: a key has no value");
    PickleValue* dict = top(Kind::kDict);
    for (size_t i = 0; i < items.size(); i += 2) dict->entries.emplace_back(items[i], items[i + 1]);
  }

  void execute(std::uint8_t opcode) {
    if (!execute_scalar(opcode) && !execute_container(opcode) && !execute_object(opcode)) {
      fail(fmt::format("its pickle uses instruction 0x{:02x}, which weights do not need", opcode));
    }
  }

  bool execute_scalar(std::uint8_t opcode) {
    switch (opcode) {
      case 'N':
        push(make(Kind::kNone));
        return true;
      case 0x88:
        push_bool(true);
        return true;
      case 0x89:
        push_bool(false);
        return true;
      case 'J':
        push_int(static_cast<std::int32_t>(reader_.u32le()));
        return true;
      case 'K':
        push_int(reader_.u8());
        return true;
      case 'M':
        push_int(reader_.u16le());
        return true;
      case 0x8a:
        push_int(long_integer(reader_.u8()));
        return true;
      case 'G':
        push(make(Kind::kFloat));
        stack_.back()->number = big_endian_double();
        return true;
      case 'X':
      case 'T':  // BINUNICODE, BINSTRING
        push_text(reader_.u32le());
        return true;
      case 'U':
      case 0x8c:  // SHORT_BINSTRING, SHORT_BINUNICODE
        push_text(reader_.u8());
        return true;
      default:
        return false;
    }
  }

  bool execute_container(std::uint8_t opcode) {
    switch (opcode) {
      case '(':
        push(make(Kind::kMark));
        return true;
      case '}':
        push(make(Kind::kDict));
        return true;
      case ']':
        push(make(Kind::kList));
        return true;
      case ')':
        push_tuple({});
        return true;
      case 't':
        push_tuple(pop_to_mark());
        return true;
      case 0x85:
      case 0x86:
      case 0x87:
        push_tuple(pop_count(opcode - 0x84));
        return true;
      case 'a':
        append(pop_count(1));
        return true;
      case 'e':
        append(pop_to_mark());
        return true;
      case 's':
        set_items(pop_count(2));
        return true;
      case 'u':
        set_items(pop_to_mark());
        return true;
      default:
        return false;
    }
  }

  bool execute_object(std::uint8_t opcode) {
    switch (opcode) {
      case 0x80:
        check_protocol(reader_.u8());
        return true;
      case 0x95:  // FRAME: a hint for readers of streams
        reader_.skip(8);
        return true;
      case 'q':
        put(reader_.u8());
        return true;
      case 'r':
        put(reader_.u32le());
        return true;
      case 0x94:  // MEMOIZE
        put(memo_.size());
        return true;
      case 'h':
        get(reader_.u8());
        return true;
      case 'j':
        get(reader_.u32le());
        return true;
      case 'c': {
        const std::string module = line();
        push_global(module, line());
        return true;
      }
      case 0x93: {  // STACK_GLOBAL
        const std::string name = pop(Kind::kText)->text;
        push_global(pop(Kind::kText)->text, name);
        return true;
      }
      case 'Q':
        push_storage();
        return true;
      case 'R':
        call();
        return true;
      case 'b':  // BUILD sets attributes: state dicts carry versions that way; not needed
        (void)pop();
        (void)top(Kind::kDict);
        return true;
      default:
        return false;
    }
  }

  void check_protocol(int protocol) const {
    constexpr int kNewestKnown = 5;
    if (protocol > kNewestKnown) fail(fmt::format("its pickle has protocol {}", protocol));
  }

  std::int64_t long_integer(int num_bytes) {
    if (num_bytes > 8) fail("its pickle holds an integer of more than 64 bits");
    std::uint64_t value = 0;
    std::uint8_t last = 0;
    for (int i = 0; i < num_bytes; ++i) {
      last = reader_.u8();
      value |= static_cast<std::uint64_t>(last) << (8 * i);
    }
    const bool negative = (last & 0x80) != 0;
    if (negative && num_bytes < 8) value |= ~std::uint64_t{0} << (8 * num_bytes);
    return static_cast<std::int64_t>(value);
  }

  double big_endian_double() {
    std::uint64_t bits = 0;
    for (int i = 0; i < 8; ++i) bits = bits << 8 | reader_.u8();
    return std::bit_cast<double>(bits);
  }

  std::string line() {
    constexpr size_t kMaxName = 4096;
    std::string text;
    for (char c = static_cast<char>(reader_.u8()); c != '\n'; c = static_cast<char>(reader_.u8())) {
      text += c;
      if (text.size() > kMaxName) fail("its pickle is corrupt: a name does not end");
    }
    return text;
  }

  void push_global(const std::string& module, const std::string& name) {
    const std::string full = module + "." + name;
    if (!is_allowed(full)) {
      fail(fmt::format(
          "its pickle asks for '{}', which is not loaded: only tensors and plain containers are",
          printable(full)));
    }
    push(make(Kind::kGlobal));
    stack_.back()->text = full;
  }

  /// ("storage", torch.FloatStorage, key, device, number of elements) -> a storage.
  void push_storage() {
    const std::vector<PickleValue*>& id = pop(Kind::kTuple)->items;
    const bool valid = id.size() >= 5 && id[0]->text == "storage" && id[1]->kind == Kind::kGlobal &&
                       id[2]->kind == Kind::kText && id[4]->kind == Kind::kInt &&
                       id[4]->integer >= 0 && find_storage(id[1]->text) != nullptr;
    if (!valid) fail("its pickle is corrupt: a reference is not to a storage");
    push(make(Kind::kStorage));
    stack_.back()->tensor.storage = {.type = find_storage(id[1]->text)->type,
                                     .key = id[2]->text,
                                     .num_elements = static_cast<std::uint64_t>(id[4]->integer)};
  }

  /// The three calls that weights need, and no other.
  void call() {
    const std::vector<PickleValue*>& arguments = pop(Kind::kTuple)->items;
    const std::string& function = pop(Kind::kGlobal)->text;
    if (function == kOrderedDict) {
      call_ordered_dict(arguments);
    } else if (function == kRebuildTensor) {
      call_rebuild_tensor(arguments);
    } else if (function == kRebuildParameter) {
      if (arguments.empty() || arguments[0]->kind != Kind::kTensor) {
        fail("its pickle is corrupt: a parameter is not a tensor");
      }
      push(arguments[0]);
    } else {
      fail(fmt::format("its pickle is corrupt: it calls '{}'", printable(function)));
    }
  }

  /// OrderedDict() or OrderedDict([[key, value], ..]).
  void call_ordered_dict(const std::vector<PickleValue*>& arguments) {
    PickleValue* dict = make(Kind::kDict);
    if (!arguments.empty()) {
      for (const PickleValue* pair : arguments[0]->items) {
        if (pair->items.size() != 2) fail("its pickle is corrupt: a key has no value");
        dict->entries.emplace_back(pair->items[0], pair->items[1]);
      }
    }
    push(dict);
  }

  std::vector<std::int64_t> integers(const PickleValue& value) const {
    constexpr size_t kMaxAxes = 64;
    if (value.kind != Kind::kTuple || value.items.size() > kMaxAxes) {
      fail("its pickle is corrupt: a tensor's shape is not a short tuple");
    }
    std::vector<std::int64_t> numbers;
    for (const PickleValue* item : value.items) {
      if (item->kind != Kind::kInt || item->integer < 0) {
        fail("its pickle is corrupt: a tensor's shape is not of whole numbers from 0");
      }
      numbers.push_back(item->integer);
    }
    return numbers;
  }

  /// (storage, offset, shape, strides, ..): requires_grad and hooks do not matter here.
  void call_rebuild_tensor(const std::vector<PickleValue*>& arguments) {
    if (arguments.size() < 4 || arguments[0]->kind != Kind::kStorage ||
        arguments[1]->kind != Kind::kInt || arguments[1]->integer < 0) {
      fail("its pickle is corrupt: a tensor has no storage");
    }
    PickledTensor tensor = arguments[0]->tensor;
    tensor.offset = arguments[1]->integer;
    tensor.shape = integers(*arguments[2]);
    tensor.strides = integers(*arguments[3]);
    if (tensor.shape.size() != tensor.strides.size()) {
      fail("its pickle is corrupt: a tensor's strides do not fit its shape");
    }
    push(make(Kind::kTensor));
    stack_.back()->tensor = std::move(tensor);
  }

  ByteReader reader_;
  std::string what_;
  PickleTree tree_;
  std::vector<PickleValue*> stack_;
  std::unordered_map<std::uint64_t, PickleValue*> memo_;
};

PickleTree read_pickle(std::span<const std::byte> bytes, const std::string& what) {
  return Unpickler(bytes, what).run();
}

}  // namespace kilonat::codec
