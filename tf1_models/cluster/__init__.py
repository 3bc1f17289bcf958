"""One training on several machines: `train … --cluster` over TensorFlow's own gRPC servers, named by TF_CONFIG."""
