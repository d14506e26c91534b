#include <array>
#include <string_view>

#include <fmt/format.h>

#include "kilonat/base/printable.h"
#include "kilonat/codec/import/unpickler.h"

namespace kilonat::codec {

namespace {

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

}  // namespace

void Unpickler::push_global(const std::string& module, const std::string& name) {
  const std::string full = module + "." + name;
  if (!is_allowed(full)) {
    fail(fmt::format(
        "its pickle asks for '{}', which is not loaded: only tensors and plain containers are",
        printable(full)));
  }
  push(make(Kind::kGlobal));
  stack_.back()->text = full;
}

/// ("storage", torch.FloatStorage, key, device, number of elements) -> a storage. The old format
/// adds None, or where in it a view lies, which PyTorch stopped writing long before.
void Unpickler::push_storage() {
  const Values& id = pop(Kind::kTuple)->items;
  const bool valid = id.size() >= 5 && id[0]->text == "storage" && id[1]->kind == Kind::kGlobal &&
                     id[2]->kind == Kind::kText && id[4]->kind == Kind::kInt &&
                     id[4]->integer >= 0 && find_storage(id[1]->text) != nullptr &&
                     (id.size() == 5 || id[5]->kind == Kind::kNone);
  if (!valid) fail_corrupt("a reference is not to a storage");
  push(make(Kind::kStorage));
  stack_.back()->tensor.storage = {.type = find_storage(id[1]->text)->type,
                                   .key = id[2]->text,
                                   .num_elements = static_cast<std::uint64_t>(id[4]->integer)};
}

/// The three calls that weights need, and no other.
void Unpickler::call() {
  const Values& arguments = pop(Kind::kTuple)->items;
  const std::string& function = pop(Kind::kGlobal)->text;
  if (function == kOrderedDict) {
    call_ordered_dict(arguments);
  } else if (function == kRebuildTensor) {
    call_rebuild_tensor(arguments);
  } else if (function == kRebuildParameter) {
    call_rebuild_parameter(arguments);
  } else {
    fail_corrupt(fmt::format("it calls '{}'", printable(function)));
  }
}

/// OrderedDict() or OrderedDict([[key, value], ..]).
void Unpickler::call_ordered_dict(const Values& arguments) {
  PickleValue* dict = make(Kind::kDict);
  if (!arguments.empty()) {
    for (const PickleValue* pair : arguments[0]->items) {
      if (pair->items.size() != 2) fail_corrupt("a key has no value");
      dict->entries.emplace_back(pair->items[0], pair->items[1]);
    }
  }
  push(dict);
}

/// (tensor, requires_grad, hooks): the tensor.
void Unpickler::call_rebuild_parameter(const Values& arguments) {
  const bool is_tensor = !arguments.empty() && arguments[0]->kind == Kind::kTensor;
  if (!is_tensor) fail_corrupt("a parameter is not a tensor");
  push(arguments[0]);
}

std::vector<std::int64_t> Unpickler::integers(const PickleValue& value) const {
  constexpr size_t kMaxAxes = 64;
  if (value.kind != Kind::kTuple || value.items.size() > kMaxAxes) {
    fail_corrupt("a tensor's shape is not a short tuple");
  }
  std::vector<std::int64_t> numbers;
  for (const PickleValue* item : value.items) {
    if (item->kind != Kind::kInt || item->integer < 0) {
      fail_corrupt("a tensor's shape is not of whole numbers from 0");
    }
    numbers.push_back(item->integer);
  }
  return numbers;
}

/// (storage, offset, shape, strides, ..): requires_grad and hooks do not matter here.
void Unpickler::call_rebuild_tensor(const Values& arguments) {
  if (arguments.size() < 4 || arguments[0]->kind != Kind::kStorage ||
      arguments[1]->kind != Kind::kInt || arguments[1]->integer < 0) {
    fail_corrupt("a tensor has no storage");
  }
  PickledTensor tensor = arguments[0]->tensor;
  tensor.offset = arguments[1]->integer;
  tensor.shape = integers(*arguments[2]);
  tensor.strides = integers(*arguments[3]);
  if (tensor.shape.size() != tensor.strides.size()) {
    fail_corrupt("a tensor's strides do not fit its shape");
  }
  push(make(Kind::kTensor));
  stack_.back()->tensor = std::move(tensor);
}

}  // namespace kilonat::codec
