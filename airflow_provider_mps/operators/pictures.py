<<<<<<< HEAD
"""Work on the pictures that services have made, before others see them: label them."""

from __future__ import annotations

from airflow_provider_mps.operators.picture_label import PictureLabelOperator

__all__ = ["PictureLabelOperator"]
=======
"""What happens to pictures once they are made."""

from __future__ import annotations

from airflow_provider_mps.operators.picture_check import PictureCheckOperator

__all__ = ["PictureCheckOperator"]
>>>>>>> c8d0394 (Check pictures before they are published, and have those that are wrong made once more)
