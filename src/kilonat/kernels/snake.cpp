#include "kilonat/kernels/snake.h"

#include <torch/autograd.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/kernels/snake_fused.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::kernels {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kEpsilon = 1e-9;
constexpr std::int64_t kAllButChannels[] = {0, 2};

at::Tensor per_channel(const at::Tensor& x_BCT, const at::Tensor& parameter) {
  KILONAT_REQUIRE(x_BCT.dim() == 3 && parameter.numel() == x_BCT.size(1),
                  ShapeError,
                  "snake: input {} with {} parameters, expected [B, C, T] and one per channel",
                  tensor::shape_text(x_BCT.sizes()),
                  parameter.numel());
  return parameter.reshape({-1});
}

at::Tensor along_channels(const at::Tensor& values_C) {
  return values_C.unsqueeze(-1);
}

/// In the parameters' type, rounded to x's in the end.
at::Tensor formula(const at::Tensor& input_BCT, const at::Tensor& a_C, const at::Tensor& b_C) {
  const at::Tensor x_BCT = input_BCT.to(a_C.scalar_type());
  const at::Tensor sine = (along_channels(a_C) * x_BCT).sin();
  const at::Tensor y_BCT = x_BCT + along_channels((b_C + kEpsilon).reciprocal()) * sine.square();
  return y_BCT.to(input_BCT.scalar_type());
}

/// The gradients from ATen's operators, which autograd can follow: for gradients of gradients.
SnakeBackward formula_backward(const at::Tensor& input_BCT,
                               const at::Tensor& grad_output_BCT,
                               const at::Tensor& grad_sum_BCT,
                               const at::Tensor& a_C,
                               const at::Tensor& b_C) {
  const at::Tensor x_BCT = input_BCT.to(a_C.scalar_type());
  const at::Tensor grad_y_BCT = grad_output_BCT.to(a_C.scalar_type());
  const at::Tensor u = along_channels(a_C) * x_BCT;
  const at::Tensor sine_2u = (2 * u).sin();
  const at::Tensor inverse_b_C = (b_C + kEpsilon).reciprocal();
  at::Tensor grad_x = grad_y_BCT * (1 + along_channels(a_C * inverse_b_C) * sine_2u);
  if (grad_sum_BCT.defined()) grad_x = grad_x + grad_sum_BCT;
  const at::Tensor grad_a_C = (grad_y_BCT * x_BCT * sine_2u).sum(kAllButChannels) * inverse_b_C;
  const at::Tensor grad_b_C =
      -(grad_y_BCT * u.sin().square()).sum(kAllButChannels) * inverse_b_C.square();
  return {grad_x.to(input_BCT.scalar_type()), grad_a_C, grad_b_C};
}

/// Gradients of v and the parameters; through ATen when they will be differentiated again.
SnakeBackward gradients(const variable_list& saved,
                        const at::Tensor& grad_y_BCT,
                        const at::Tensor& grad_sum_BCT) {
  const auto run = at::GradMode::is_enabled() ? formula_backward : snake_backward;
  return run(saved[0], grad_y_BCT, grad_sum_BCT, saved[1], saved[2]);
}

class FusedSnake : public torch::autograd::Function<FusedSnake> {
 public:
  static at::Tensor forward(AutogradContext* context,
                            const at::Tensor& x_BCT,
                            const at::Tensor& a_C,
                            const at::Tensor& b_C) {
    context->save_for_backward({x_BCT, a_C, b_C});
    return snake_forward(x_BCT, at::Tensor(), a_C, b_C).y_BCT;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const SnakeBackward result = gradients(context->get_saved_variables(), grads[0], at::Tensor());
    return {result.grad_x_BCT, result.grad_a_C, result.grad_b_C};
  }
};

class FusedAddSnake : public torch::autograd::Function<FusedAddSnake> {
 public:
  static variable_list forward(AutogradContext* context,
                               const at::Tensor& x_BCT,
                               const at::Tensor& h_BCT,
                               const at::Tensor& a_C,
                               const at::Tensor& b_C) {
    const SnakeForward result = snake_forward(x_BCT, h_BCT, a_C, b_C);
    context->save_for_backward({result.sum_BCT, a_C, b_C});
    context->set_materialize_grads(false);
    return {result.sum_BCT, result.y_BCT};
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const at::Tensor& grad_sum_BCT = grads[0];
    if (!grads[1].defined()) return {grad_sum_BCT, grad_sum_BCT, at::Tensor(), at::Tensor()};
    const SnakeBackward result = gradients(context->get_saved_variables(), grads[1], grad_sum_BCT);
    return {result.grad_x_BCT, result.grad_x_BCT, result.grad_a_C, result.grad_b_C};
  }
};

at::Tensor apply(const at::Tensor& x_BCT, const at::Tensor& a_C, const at::Tensor& b_C) {
  if (!can_fuse(x_BCT, a_C, b_C)) return formula(x_BCT, a_C, b_C);
  return FusedSnake::apply(x_BCT, a_C, b_C);
}

SumAndSnake apply_to_sum(const at::Tensor& x_BCT,
                         const at::Tensor& h_BCT,
                         const at::Tensor& a_C,
                         const at::Tensor& b_C) {
  KILONAT_REQUIRE(x_BCT.sizes() == h_BCT.sizes(),
                  ShapeError,
                  "add_snake: {} and {} differ in shape",
                  tensor::shape_text(x_BCT.sizes()),
                  tensor::shape_text(h_BCT.sizes()));
  if (!can_fuse(x_BCT, a_C, b_C) || !can_fuse(h_BCT, a_C, b_C)) {
    const at::Tensor sum = x_BCT + h_BCT;
    return {sum, formula(sum, a_C, b_C)};
  }
  const variable_list results = FusedAddSnake::apply(x_BCT, h_BCT, a_C, b_C);
  return {.sum_BCT = results[0], .y_BCT = results[1]};
}

}  // namespace

at::Tensor snake_reference(const at::Tensor& x_BCT, const at::Tensor& alpha) {
  const at::Tensor alpha_C = per_channel(x_BCT, alpha);
  return formula(x_BCT, alpha_C, alpha_C);
}

at::Tensor snake_beta_reference(const at::Tensor& x_BCT,
                                const at::Tensor& log_alpha,
                                const at::Tensor& log_beta) {
  return formula(x_BCT, per_channel(x_BCT, log_alpha).exp(), per_channel(x_BCT, log_beta).exp());
}

at::Tensor snake(const at::Tensor& x_BCT, const at::Tensor& alpha) {
  const at::Tensor alpha_C = per_channel(x_BCT, alpha);
  return apply(x_BCT, alpha_C, alpha_C);
}

at::Tensor snake_beta(const at::Tensor& x_BCT,
                      const at::Tensor& log_alpha,
                      const at::Tensor& log_beta) {
  return apply(x_BCT, per_channel(x_BCT, log_alpha).exp(), per_channel(x_BCT, log_beta).exp());
}

SumAndSnake add_snake(const at::Tensor& x_BCT, const at::Tensor& h_BCT, const at::Tensor& alpha) {
  const at::Tensor alpha_C = per_channel(x_BCT, alpha);
  return apply_to_sum(x_BCT, h_BCT, alpha_C, alpha_C);
}

SumAndSnake add_snake_beta(const at::Tensor& x_BCT,
                           const at::Tensor& h_BCT,
                           const at::Tensor& log_alpha,
                           const at::Tensor& log_beta) {
  return apply_to_sum(
      x_BCT, h_BCT, per_channel(x_BCT, log_alpha).exp(), per_channel(x_BCT, log_beta).exp());
}

}  // namespace kilonat::kernels
