set terminal svg size 918,449 fixed enhanced font 'Helvetica,13.3' background '#ffffff'
set encoding utf8
set multiplot
reset
set margins screen 0.07012, screen 0.48766, screen 0.16387, screen 0.77855
set border 3 linecolor rgb '#555555' linewidth 0.7
set tics nomirror out scale 0.5,0.25 textcolor rgb '#222222'
set grid back linetype 1 linecolor rgb '#e8e8e8' linewidth 0.6
unset key
set title 'noise.exponent = 0' noenhanced offset 0,-0.4 textcolor rgb '#222222'
set label 2 'step' at screen 0.27889,0.07321 center noenhanced textcolor rgb '#222222'
set label 3 'test_loss' at screen 0.01234,0.47121 center rotate by 90 noenhanced textcolor rgb '#222222'
set xrange [48.5:101.5]
set xtics ('50' 50, '100' 100) noenhanced
set logscale y
set yrange [0.0013506:0.23253]
set ytics ('10^{-2}' 0.01, '10^{-1}' 0.1, '' 0.002 1, '' 0.003 1, '' 0.004 1, '' 0.005 1, '' 0.006 1, '' 0.007 1, '' 0.008 1, '' 0.009 1, '' 0.02 1, '' 0.03 1, '' 0.04 1, '' 0.05 1, '' 0.06 1, '' 0.07 1, '' 0.08 1, '' 0.09 1, '' 0.2 1) enhanced
unset colorbox
set label 100 'task.train_samples' at screen 0.07012,0.96708 left noenhanced textcolor rgb '#222222'
set key at screen 0.07012,0.94501 left top Left reverse horizontal maxcols 4 noenhanced noautotitle samplen 1.6 spacing 1.1 textcolor rgb '#222222'
set label 101 'median of 6 networks; band: 95 % interval (order statistics)' at screen 0.01161,0.02194 left noenhanced textcolor rgb '#555555' font ',10.9'
$series1_1 << EOD
50 0.2005 0.2 0.201
100 0.10025 0.1 0.1005
EOD
$series1_2 << EOD
50 0.10025 0.1 0.1005
100 0.050125 0.05 0.05025
EOD
$series1_3 << EOD
50 0.050125 0.05 0.05025
100 0.025063 0.025 0.025125
EOD
$series1_4 << EOD
50 0.025063 0.025 0.025125
100 0.012531 0.0125 0.012563
EOD
$series1_5 << EOD
50 0.012531 0.0125 0.012563
100 0.0062656 0.00625 0.0062813
EOD
$series1_6 << EOD
50 0.0062656 0.00625 0.0062813
100 0.0031328 0.003125 0.0031406
EOD
$series1_7 << EOD
50 0.0031328 0.003125 0.0031406
100 0.0015664 0.0015625 0.0015703
EOD
plot $series1_1 using 1:3:4 with filledcurves linecolor rgb '#0072b2' fillstyle transparent solid 0.2 noborder, \
     $series1_2 using 1:3:4 with filledcurves linecolor rgb '#d55e00' fillstyle transparent solid 0.2 noborder, \
     $series1_3 using 1:3:4 with filledcurves linecolor rgb '#009e73' fillstyle transparent solid 0.2 noborder, \
     $series1_4 using 1:3:4 with filledcurves linecolor rgb '#cc79a7' fillstyle transparent solid 0.2 noborder, \
     $series1_5 using 1:3:4 with filledcurves linecolor rgb '#e69f00' fillstyle transparent solid 0.2 noborder, \
     $series1_6 using 1:3:4 with filledcurves linecolor rgb '#56b4e9' fillstyle transparent solid 0.2 noborder, \
     $series1_7 using 1:3:4 with filledcurves linecolor rgb '#222222' fillstyle transparent solid 0.2 noborder, \
     $series1_1 using 1:2 with linespoints linetype 1 linecolor rgb '#0072b2' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series1_2 using 1:2 with linespoints linetype 1 linecolor rgb '#d55e00' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series1_3 using 1:2 with linespoints linetype 1 linecolor rgb '#009e73' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series1_4 using 1:2 with linespoints linetype 1 linecolor rgb '#cc79a7' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series1_5 using 1:2 with linespoints linetype 1 linecolor rgb '#e69f00' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series1_6 using 1:2 with linespoints linetype 1 linecolor rgb '#56b4e9' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series1_7 using 1:2 with linespoints linetype 1 linecolor rgb '#222222' linewidth 1.5 pointtype 7 pointsize 0.4, \
     keyentry with linespoints linetype 1 linecolor rgb '#0072b2' linewidth 1.5 pointtype 7 pointsize 0.4 title '10', \
     keyentry with linespoints linetype 1 linecolor rgb '#d55e00' linewidth 1.5 pointtype 7 pointsize 0.4 title '20', \
     keyentry with linespoints linetype 1 linecolor rgb '#009e73' linewidth 1.5 pointtype 7 pointsize 0.4 title '40', \
     keyentry with linespoints linetype 1 linecolor rgb '#cc79a7' linewidth 1.5 pointtype 7 pointsize 0.4 title '80', \
     keyentry with linespoints linetype 1 linecolor rgb '#e69f00' linewidth 1.5 pointtype 7 pointsize 0.4 title '160', \
     keyentry with linespoints linetype 1 linecolor rgb '#56b4e9' linewidth 1.5 pointtype 7 pointsize 0.4 title '320', \
     keyentry with linespoints linetype 1 linecolor rgb '#222222' linewidth 1.5 pointtype 7 pointsize 0.4 title '640'
reset
set margins screen 0.55923, screen 0.97677, screen 0.16387, screen 0.77855
set border 3 linecolor rgb '#555555' linewidth 0.7
set tics nomirror out scale 0.5,0.25 textcolor rgb '#222222'
set grid back linetype 1 linecolor rgb '#e8e8e8' linewidth 0.6
unset key
set title 'noise.exponent = 2' noenhanced offset 0,-0.4 textcolor rgb '#222222'
set label 2 'step' at screen 0.768,0.07321 center noenhanced textcolor rgb '#222222'
set xrange [48.5:101.5]
set xtics ('50' 50, '100' 100) noenhanced
set logscale y
set yrange [0.0013506:0.23253]
set ytics ('10^{-2}' 0.01, '10^{-1}' 0.1, '' 0.002 1, '' 0.003 1, '' 0.004 1, '' 0.005 1, '' 0.006 1, '' 0.007 1, '' 0.008 1, '' 0.009 1, '' 0.02 1, '' 0.03 1, '' 0.04 1, '' 0.05 1, '' 0.06 1, '' 0.07 1, '' 0.08 1, '' 0.09 1, '' 0.2 1) enhanced
unset colorbox
$series2_1 << EOD
50 0.2005 0.2 0.201
100 0.10025 0.1 0.1005
EOD
$series2_2 << EOD
50 0.10025 0.1 0.1005
100 0.050125 0.05 0.05025
EOD
$series2_3 << EOD
50 0.050125 0.05 0.05025
100 0.025063 0.025 0.025125
EOD
$series2_4 << EOD
50 0.025063 0.025 0.025125
100 0.012531 0.0125 0.012563
EOD
$series2_5 << EOD
50 0.012531 0.0125 0.012563
100 0.0062656 0.00625 0.0062813
EOD
$series2_6 << EOD
50 0.0062656 0.00625 0.0062813
100 0.0031328 0.003125 0.0031406
EOD
$series2_7 << EOD
50 0.0031328 0.003125 0.0031406
100 0.0015664 0.0015625 0.0015703
EOD
plot $series2_1 using 1:3:4 with filledcurves linecolor rgb '#0072b2' fillstyle transparent solid 0.2 noborder, \
     $series2_2 using 1:3:4 with filledcurves linecolor rgb '#d55e00' fillstyle transparent solid 0.2 noborder, \
     $series2_3 using 1:3:4 with filledcurves linecolor rgb '#009e73' fillstyle transparent solid 0.2 noborder, \
     $series2_4 using 1:3:4 with filledcurves linecolor rgb '#cc79a7' fillstyle transparent solid 0.2 noborder, \
     $series2_5 using 1:3:4 with filledcurves linecolor rgb '#e69f00' fillstyle transparent solid 0.2 noborder, \
     $series2_6 using 1:3:4 with filledcurves linecolor rgb '#56b4e9' fillstyle transparent solid 0.2 noborder, \
     $series2_7 using 1:3:4 with filledcurves linecolor rgb '#222222' fillstyle transparent solid 0.2 noborder, \
     $series2_1 using 1:2 with linespoints linetype 1 linecolor rgb '#0072b2' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series2_2 using 1:2 with linespoints linetype 1 linecolor rgb '#d55e00' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series2_3 using 1:2 with linespoints linetype 1 linecolor rgb '#009e73' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series2_4 using 1:2 with linespoints linetype 1 linecolor rgb '#cc79a7' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series2_5 using 1:2 with linespoints linetype 1 linecolor rgb '#e69f00' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series2_6 using 1:2 with linespoints linetype 1 linecolor rgb '#56b4e9' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series2_7 using 1:2 with linespoints linetype 1 linecolor rgb '#222222' linewidth 1.5 pointtype 7 pointsize 0.4
unset multiplot
