"""Mutants of `--console report`: the reports' own lines, their numbers and order, and the nets as they printed them."""

from __future__ import annotations

from tests.mutants.mutant import Group
from tests.mutants.mutant import Mutant as M

_TESTS = ("tests/output/test_consoles_and_texts.py", "tests/output/test_report_console.py")
_COURSE = '["#####", f"Test ACC Rate --> {percent} %", "main"]'
_STOP = '[f"min loss: {best}", f"this loss: {losses[-1]}", f"step: {patience_epochs}", "Early stopped!"]'
_NOT_RESUMED, _ALWAYS = "        if not resumed:\n            ", "        if True:\n            "

GROUPS = (
    Group("tf1_models/output/report_console.py", _TESTS, (
        M("BAR_CELLS = 29", "BAR_CELLS = 30", "the bar has 30 cells"),
        M("STEPS_BETWEEN_LINES = 10", "STEPS_BETWEEN_LINES = 5", "a line every fifth step"),
        M("100.0 * batch / n_batches", "100.0 * (batch + 1) / n_batches", "the percentage counts this batch"),
        M("{step:>5}", "{step}", "steps are not aligned"),
        M("{percent:>3}%", "{percent}%", "percentages are not aligned"),
        M("loss: {loss:.4f} - ", "loss: {loss:.3f} - ", "three digits of the loss"),
        M("{samples_per_s:.1f} sample/sec", "{samples_per_s:.1f} images/sec", "images instead of samples"),
        M("percent = n_correct / n_images * 100  #", "percent = round(n_correct / n_images * 100, 2)  #",
          "the accuracy is rounded"),
        M(_COURSE, '[f"Test ACC Rate --> {percent} %", "main"]', "no rule before the accuracy"),
        M(_COURSE, '["#####", f"Test ACC Rate --> {percent} %"]', "no `main`"),
        M(_COURSE, '["#####", f"Test ACC Rate --> {percent} %", "main", "0 0 0 0 0 0 0 0 0 0"]',
          "ticks of a picture are printed"),
        M("if not best < loss:", "if loss < best:", "a NaN is no best loss (Q21)"),
        M(_STOP, _STOP.replace("{patience_epochs}", "{patience_epochs + 1}"),
          "the count is printed after it is raised"),
        M(_STOP, _STOP.replace('"Early stopped!"', '"Early stopped"'), "no exclamation mark"),
        M(_STOP, _STOP.replace('f"min loss: {best}", ', ""), "the best loss is not printed"),
        M("{weighted_f1:.6f}", "{weighted_f1:.4f}", "four digits of F1"),
        M("{100.0 * accuracy:.2f}%", "{100.0 * accuracy:.1f}%", "one digit of bn_cnn's accuracy", at=0),
        M("{100.0 * accuracy:.2f}%", "{100.0 * accuracy:.1f}%", "one digit of alexnet_bn's accuracy", at=1),
        M("device='cuda:0'", "device='cpu'", "the device is named that computed"),
        M("tensor({loss:.4f}, ", "tensor({loss:.3f}, ", "three digits of a tensor"),
        M("{float(np.float32(100 * n_correct) / np.float32(n_images))}", "{100 * n_correct / n_images}",
          "the accuracy in float64"),
        M('lines += ["", "check shape of data shape"]', 'lines += ["check shape of data shape"]', "no empty line"),
        M('("test", n_test, 100)', '("test", n_test, batch_size)', "the test generator has the training one's batch"),
        M("n = min(n_images, size)", "n = size", "a first batch larger than its data"),
        M("class data shape from", "label data shape from", "labels instead of classes"),
        M('["-- Evaluate --", f"accuracy', '[f"accuracy', "no line before the accuracy"),
        M("if batch % STEPS_BETWEEN_LINES == 0:", "if seen.step % STEPS_BETWEEN_LINES == 0:",
          "the batch is counted in the run (Q5)"),
        M("if batch % 10000 == 0:", "if batch % 1000 == 0:", "two lines an epoch"),
        M('int(seen.values["n_correct"]) / seen.n_images', "seen.accuracy", "the epoch's accuracy so far"),
        M(_NOT_RESUMED + "for text in report_layers.bn_cnn", _ALWAYS + "for text in report_layers.bn_cnn",
          "a resumed run prints the shapes again"),
        M(_NOT_RESUMED + 'self.write("학습시작")', _ALWAYS + 'self.write("학습시작")', "a resumed run starts again"),
        M(_NOT_RESUMED + "train_indices", _ALWAYS + "train_indices", "a resumed run prints the summary again"),
        M('self.write(f"Epoch {epoch + 1}")', 'self.write(f"Epoch {epoch}")', "epochs are counted from 0"),
        M("""self.write(f"losses: {line['loss_sum']}")""", """self.write(f"losses: {line['loss']}")""",
          "the epoch's mean loss"),
        M('if result["ended_by"] == "early_stopping" and', "if", "every run ends by early stopping"),
        M('scores = result["dev"] or result["test"]', 'scores = result["test"]', "the test's F1"),
        M("[*start, *report_layers.alexnet_bn_summary_lines(self.layers)]",
          "[*report_layers.alexnet_bn_summary_lines(self.layers), *start]", "the summary comes first"),
        M("        for text in report_layers.prelu_cnn_module_lines(self.layers, self.experiment.keep_prob):\n"
          "            self.write(text)\n", "", "the module is not printed"),
    )),
    Group("tf1_models/output/report_layers.py", (*_TESTS, "tests/output/test_report_layers.py"), (
        M("[batch_size, *shape[-1:], *shape[:-1]]", "[batch_size, *shape]", "TensorFlow's order of the axes"),
        M("Dropout2d(p=0, inplace=35)", "Dropout2d(p=0.35, inplace=False)", "the inert dropout is mended (Q7)"),
        M("bias={len(layer.variables) == 2}", "bias=False", "linear layers without a bias"),
        M("eps=1e-05, momentum=0.1", "eps=1e-05, momentum=0.9", "TensorFlow's momentum"),
        M('"Total params: {total:,}"', '"Total params: {total}"', "digits are not grouped"),
        M("{total - trainable:,}", "{total:,}", "all parameters are called not trainable"),
        M("', '.join(['None', *map(str, layer.output)])", "', '.join([*map(str, layer.output)])",
          "shapes without the batch"),
        M('"Layer (type)", "Output Shape", "Param #"', '"Layer", "Output Shape", "Param #"', "the table's head"),
    )),
    Group("tf1_models/output/report_plots.py", ("tests/output/test_report_plots.py",), (
        M("axes.set_xticks([0, 25])", "axes.set_xticks([0, 31])", "ticks at 0 and 31"),
        M("axes.imshow(images[places[0]])", "axes.imshow(images[places[-1]])", "the last image of each class"),
        M("axes.imshow(images[places[0]])", "axes.imshow(images[k])", "the first ten images"),
        M("axes.set_title(name, fontsize=8)", "axes.set_title(str(k), fontsize=8)", "numbers for titles"),
    )),
)  # fmt: skip
