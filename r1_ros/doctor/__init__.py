"""What a bug report needs: versions, GPU, middleware, topics with QoS, tf, parameters."""
