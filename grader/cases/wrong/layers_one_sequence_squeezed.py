# transformer: the layers of the encoder and the decoder squeeze what they return, which for one sequence loses the batch
# loses 5.1i: for one sequence
# loses 5.1q
# loses 5.1t: Writing sequences

_Encoder, _Decoder = EncoderLayer, DecoderLayer


class EncoderLayer(_Encoder):
    def forward(self, x):
        return super().forward(x).squeeze()


class DecoderLayer(_Decoder):
    def forward(self, x, context):
        return super().forward(x, context).squeeze()
