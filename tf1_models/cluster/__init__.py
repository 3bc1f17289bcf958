"""`train --cluster`, one training on several machines.

It goes over TensorFlow's own gRPC servers, named by TF_CONFIG.
"""
