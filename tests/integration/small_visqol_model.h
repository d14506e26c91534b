#pragma once
/// A model for ViSQOL's scores that needs no official file.

namespace kilonat::integration {

/// One support vector at perfect similarity: scores lie between 3 (far off) and 4 (perfect).
inline constexpr const char* kSmallVisqolModel =
    "svm_type nu_svr\nkernel_type rbf\ngamma 0.5\nnr_class 2\ntotal_sv 1\nrho -3\nSV\n"
    "1 1:1 2:1 3:1 4:1 5:1 6:1 7:1 8:1 9:1 10:1 11:1 12:1 13:1 14:1 15:1 16:1 17:1 18:1 19:1 20:1 "
    "21:1 22:1 23:1 24:1 25:1 26:1 27:1 28:1 29:1 30:1 31:1 32:1\n";

}  // namespace kilonat::integration
